// SPDX-License-Identifier: Apache-2.0

import CGMP

extension BigInt: CustomStringConvertible, LosslessStringConvertible {
    public var description: String { text(radix: 10) }

    /// Decimal digits after an optional sign; nil for anything else.
    public init?(_ description: String) { self.init(description, radix: 10) }

    /// Digits of the radix (2...36, either case) after an optional sign; nil for anything else, spaces and
    /// underscores too.
    package init?(_ text: String, radix: Int) {
        precondition((2...36).contains(radix), "radix must be in 2...36")
        var digits = Array(text.utf8)
        let sign = digits.first
        if sign == UInt8(ascii: "-") || sign == UInt8(ascii: "+") { digits.removeFirst() }
        guard !digits.isEmpty, digits.count <= BigInt.maximumBitLength / 6,
            digits.allSatisfy({ BigInt.digit($0) < radix })
        else { return nil }
        digits.append(0)
        let base = Int32(radix)
        self.init()
        let failed = digits.withUnsafeBytes { bytes in
            bsg_set_text(limbs.z, bytes.bindMemory(to: CChar.self).baseAddress!, base)
        }
        guard failed == 0 else { return nil }
        if sign == UInt8(ascii: "-") { negate() }
    }

    /// The digits in the radix (2...36), lower case, after "-" where negative.
    public func text(radix: Int) -> String {
        precondition((2...36).contains(radix), "radix must be in 2...36")
        return withUnsafeTemporaryAllocation(
            of: CChar.self, capacity: bsg_text_size(z, Int32(radix))
        ) { buffer in
            bsg_get_text(buffer.baseAddress!, Int32(radix), z)
            defer { bsg_wipe(buffer.baseAddress!, buffer.count) }
            return String(cString: buffer.baseAddress!)
        }
    }

    /// The value of an ASCII digit or letter, or 36 for any other byte.
    private static func digit(_ byte: UInt8) -> Int {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): Int(byte - UInt8(ascii: "0"))
        case UInt8(ascii: "a")...UInt8(ascii: "z"): Int(byte - UInt8(ascii: "a")) + 10
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): Int(byte - UInt8(ascii: "A")) + 10
        default: 36
        }
    }
}
