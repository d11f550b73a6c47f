// SPDX-License-Identifier: Apache-2.0

import CGMP

extension BigInt: ExpressibleByIntegerLiteral {
    /// A literal of any size.
    public init(integerLiteral value: StaticBigInt) {
        let words = (value.bitWidth + UInt.bitWidth - 1) / UInt.bitWidth
        if words == 1 {
            self.init { bsg_set_int($0, Int(bitPattern: value[0])) }
            return
        }
        self.init(words: (0..<words).map { value[$0] }, isSigned: true)
    }
}

extension BigInt {
    /// The value of any of Swift's integers.
    public init<T: BinaryInteger>(_ source: T) {
        if let small = Int(exactly: source) {
            self.init { bsg_set_int($0, small) }
        } else if let small = UInt(exactly: source) {
            self.init { bsg_set_uint($0, small) }
        } else {
            self.init(words: Array(source.words), isSigned: T.isSigned)
        }
    }

    public init?<T: BinaryInteger>(exactly source: T) { self.init(source) }

    /// Words of 64 bits, least significant first; the last one's top bit is the sign, if there is one.
    private init(words: [UInt], isSigned: Bool) {
        self.init()
        for (i, word) in words.enumerated().reversed() {
            self <<= UInt.bitWidth
            let hasSign = isSigned && i == words.count - 1
            self += BigInt { z in
                hasSign ? bsg_set_int(z, Int(bitPattern: word)) : bsg_set_uint(z, word)
            }
        }
    }
}

extension FixedWidthInteger {
    /// The value, or nil where it is out of the type's range.
    public init?(exactly source: BigInt) {
        if bsg_fits_int(source.z) != 0 {
            self.init(exactly: bsg_to_int(source.z))
            return
        }
        guard source >= BigInt(Self.min), source <= BigInt(Self.max) else { return nil }
        var bits: Self = 0
        for i in (0..<bsg_limb_count(source.z)).reversed() {
            bits = bits << UInt.bitWidth | Self(truncatingIfNeeded: UInt(bsg_limb(source.z, i)))
        }
        self = source.isNegative ? 0 &- bits : bits
    }
}

extension BigInt {
    /// The number whose bytes these are, least significant first, unsigned.
    package init(littleEndianBytes bytes: some Collection<UInt8>) {
        self.init(bytes: bytes, order: -1)
    }

    /// The number whose bytes these are, most significant first, unsigned.
    package init(bigEndianBytes bytes: some Collection<UInt8>) {
        self.init(bytes: bytes, order: 1)
    }

    private init(bytes: some Collection<UInt8>, order: Int32) {
        precondition(bytes.count <= BigInt.maximumBitLength / 8, "number over 2^32 bits")
        self.init()
        let done: Void? = bytes.withContiguousStorageIfAvailable { read($0, order) }
        if done == nil { Array(bytes).withUnsafeBufferPointer { read($0, order) } }
    }

    private func read(_ bytes: UnsafeBufferPointer<UInt8>, _ order: Int32) {
        guard let base = bytes.baseAddress else { return }
        bsg_import(limbs.z, bytes.count, order, base)
    }

    /// The magnitude's bytes, least significant first, no zeros on top; none for 0.
    package var littleEndianBytes: [UInt8] { bytes(order: -1) }
    /// The magnitude's bytes, most significant first, no zeros on top; none for 0.
    package var bigEndianBytes: [UInt8] { bytes(order: 1) }

    /// The magnitude's bytes, least significant first, filled up to `count`; nil where they are more.
    package func littleEndianBytes(count: Int) -> [UInt8]? {
        // It may be a secret: no copy is left behind.
        var short = littleEndianBytes
        defer { short.wipe() }
        guard short.count <= count else { return nil }
        var out = [UInt8](repeating: 0, count: count)
        out.replaceSubrange(0..<short.count, with: short)
        return out
    }

    /// The magnitude's bytes, most significant first, filled up to `count`; nil where they are more.
    package func bigEndianBytes(count: Int) -> [UInt8]? {
        let short = bigEndianBytes
        return short.count > count
            ? nil : [UInt8](repeating: 0, count: count - short.count) + short
    }

    private func bytes(order: Int32) -> [UInt8] {
        let count = (bitLength + 7) / 8
        if count == 0 { return [] }
        return [UInt8](unsafeUninitializedCapacity: count) { buffer, written in
            written = bsg_export(buffer.baseAddress!, order, z)
        }
    }
}
