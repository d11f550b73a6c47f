// SPDX-License-Identifier: Apache-2.0

import BigIntegers
import BlindsightCommands
import Paillier
import Synchronization
import Threading

/// A secret key that lives in this process alone.
final class SumKeyHandle: Sendable {
    let key: PaillierSecretKey

    init(_ key: PaillierSecretKey) { self.key = key }
}

/// What is agreed on of a sum, and what encrypts for it.
final class SumHandle: Sendable {
    let layout: SumLayout
    let threads: Int
    private let encryptor = Mutex<PaillierEncryptor?>(nil)

    init(_ layout: SumLayout, threads: Int) {
        self.layout = layout
        self.threads = threads
    }

    /// Made once, and only where something is encrypted: its table takes megabytes, and a server needs none.
    func prepared() -> PaillierEncryptor {
        encryptor.withLock {
            if let encryptor = $0 { return encryptor }
            let made = PaillierEncryptor(publicKey: layout.publicKey, threads: threads)
            $0 = made
            return made
        }
    }
}

private func keySize(_ bits: Int32) throws(CallError) -> PaillierKeySize {
    guard let size = try? PaillierKeySize(bits: Int(bits), allowsInsecure: false) else {
        throw CallError("bits", "\(bits); keys have 2048, 3072 or 4096")
    }
    return size
}

@_cdecl("bs_sum_key_create")
public func sumKeyCreate(
    _ bits: Int32, _ key: UnsafeMutablePointer<OpaquePointer?>?,
    _ error: UnsafeMutablePointer<OpaquePointer?>?
) -> Int32 {
    attempt(error, key) { SumKeyHandle(.generate(size: try keySize(bits))) }
}

@_cdecl("bs_sum_key_public")
public func sumKeyPublic(
    _ key: OpaquePointer?, _ bytes: UnsafeMutablePointer<OpaquePointer?>?,
    _ error: UnsafeMutablePointer<OpaquePointer?>?
) -> Int32 {
    attempt(error, bytes) { Bytes(try key.object(SumKeyHandle.self).key.publicKey.bytes) }
}

@_cdecl("bs_sum_create")
public func sumCreate(
    _ publicKey: UnsafePointer<UInt8>?, _ length: Int, _ count: Int64, _ magnitude: Int64,
    _ clients: Int64, _ threads: Int32, _ sum: UnsafeMutablePointer<OpaquePointer?>?,
    _ error: UnsafeMutablePointer<OpaquePointer?>?
) -> Int32 {
    attempt(error, sum) {
        let bytes = try CallersBytes(publicKey, length, "the public key").array
        let layout = try SumLayout(
            count: Int(count), magnitude: magnitude, clients: Int(clients),
            publicKey: PaillierPublicKey(bytes: bytes))
        return SumHandle(
            layout, threads: try threadCount(threads) ?? WorkerPool.cores)
    }
}

@_cdecl("bs_sum_describe")
public func sumDescribe(
    _ sum: OpaquePointer?, _ json: UnsafeMutablePointer<OpaquePointer?>?,
    _ error: UnsafeMutablePointer<OpaquePointer?>?
) -> Int32 {
    attempt(error, json) {
        let layout = try sum.object(SumHandle.self).layout
        return Bytes(
            JSON.object([
                ("key_bits", .integer(layout.publicKey.size.bits)),
                ("slot_bits", .integer(layout.packing.slotBits)),
                ("slots", .integer(layout.packing.count)),
                ("ciphertexts", .integer(layout.ciphertextCount)),
                ("bytes", .integer(layout.byteCount)),
            ]))
    }
}

@_cdecl("bs_sum_encrypt")
public func sumEncrypt(
    _ sum: OpaquePointer?, _ values: UnsafePointer<Int64>?, _ count: Int64,
    _ vector: UnsafeMutablePointer<OpaquePointer?>?,
    _ error: UnsafeMutablePointer<OpaquePointer?>?
) -> Int32 {
    attempt(error, vector) {
        let sum = try sum.object(SumHandle.self)
        guard let values, count >= 0 else {
            throw CallError("values", "NULL, or a count below zero, where integers are needed")
        }
        // Before anything is read: a wrong count is the commonest mistake.
        guard count == sum.layout.count else {
            throw SumError.countMismatch(expected: sum.layout.count, found: Int(count))
        }
        let integers = Array(UnsafeBufferPointer(start: values, count: Int(count)))
        return Bytes(try sum.layout.encrypt(integers, with: sum.prepared()).bytes)
    }
}

@_cdecl("bs_sum_terms")
public func sumTerms(
    _ sum: OpaquePointer?, _ vector: UnsafePointer<UInt8>?, _ length: Int,
    _ terms: UnsafeMutablePointer<Int64>?, _ error: UnsafeMutablePointer<OpaquePointer?>?
) -> Int32 {
    attempt(error) {
        let layout = try sum.object(SumHandle.self).layout
        guard let terms else { throw CallError("terms", "NULL where a place is needed") }
        let bytes = try CallersBytes(vector, length, "the vector").array
        terms.pointee = Int64(try EncryptedSum(bytes: bytes, layout: layout).terms)
    }
}

@_cdecl("bs_sum_add")
public func sumAdd(
    _ sum: OpaquePointer?, _ first: UnsafePointer<UInt8>?, _ firstLength: Int,
    _ second: UnsafePointer<UInt8>?, _ secondLength: Int,
    _ total: UnsafeMutablePointer<OpaquePointer?>?,
    _ error: UnsafeMutablePointer<OpaquePointer?>?
) -> Int32 {
    attempt(error, total) {
        let sum = try sum.object(SumHandle.self)
        let vectors = try [(first, firstLength), (second, secondLength)].map {
            try EncryptedSum(
                bytes: CallersBytes($0.0, $0.1, "a vector").array, layout: sum.layout)
        }
        let pool = WorkerPool(threads: sum.threads)
        return Bytes(try vectors[0].adding(vectors[1], pool: pool).bytes)
    }
}

@_cdecl("bs_sum_decrypt")
public func sumDecrypt(
    _ key: OpaquePointer?, _ sum: OpaquePointer?, _ total: UnsafePointer<UInt8>?, _ length: Int,
    _ leastTerms: Int64, _ out: UnsafeMutablePointer<Int64>?,
    _ error: UnsafeMutablePointer<OpaquePointer?>?
) -> Int32 {
    attempt(error) {
        let secretKey = try key.object(SumKeyHandle.self).key
        let sum = try sum.object(SumHandle.self)
        guard let out else { throw CallError("out", "NULL where an array is needed") }
        guard secretKey.publicKey == sum.layout.publicKey else {
            throw SumError.otherLayout("its key is another")
        }
        let bytes = try CallersBytes(total, length, "the sum").array
        let encrypted = try EncryptedSum(bytes: bytes, layout: sum.layout)
        let values = try sum.layout.decrypt(
            encrypted,
            with: PaillierDecryptor(secretKey: secretKey, threads: sum.threads),
            leastTerms: Int(clamping: leastTerms))
        out.update(from: values, count: values.count)
    }
}
