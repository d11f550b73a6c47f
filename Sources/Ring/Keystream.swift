import CKernels
import Crypto
import CryptoExtras
import Foundation

/// AES-256 in counter mode as a stream of words. The counter block is the stream's number (8 bytes,
/// little endian), then the block's number (8 bytes, big endian), so streams of one key are disjoint.
package struct Keystream: Sendable {
    private let key: SymmetricKey
    private let stream: UInt64
    private var block: UInt64 = 0

    /// Public randomness, the same for everyone who has the seed.
    package init(seed: Seed, stream: UInt64) {
        key = SymmetricKey(data: seed.bytes)
        self.stream = stream
    }

    /// Secret randomness under a fresh key from the operating system; nobody can repeat it.
    package init() {
        key = SymmetricKey(size: .bits256)
        stream = 0
    }

    /// `count` further words of the stream.
    package mutating func words(_ count: Int) -> SecretWords {
        let blocks = (count + 1) / 2
        let nonce = stream.littleEndianBytes + block.littleEndianBytes.reversed()
        block += UInt64(blocks)
        do {
            var bytes = try AES._CTR.encrypt(
                Data(count: blocks * 16), using: key,
                nonce: AES._CTR.Nonce(nonceBytes: nonce))
            let buffer = LimbBuffer(count: blocks * 2, isSecret: true)
            bytes.withUnsafeMutableBytes {
                UnsafeMutableRawPointer(buffer.base).copyMemory(
                    from: $0.baseAddress!, byteCount: blocks * 16)
                bsk_wipe($0.baseAddress!, blocks * 16)
            }
            return SecretWords(buffer: buffer, count: count)
        } catch {
            // The only documented failure is a nonce of the wrong size.
            preconditionFailure("AES-CTR refused a 16-byte counter block: \(error)")
        }
    }
}

/// Random words, wiped on release.
package struct SecretWords: Sendable {
    private let buffer: LimbBuffer
    package let count: Int

    fileprivate init(buffer: LimbBuffer, count: Int) {
        self.buffer = buffer
        self.count = count
    }

    package func withWords<R>(_ body: (UnsafePointer<UInt64>) throws -> R) rethrows -> R {
        try withExtendedLifetime(buffer) { try body(UnsafePointer(buffer.base)) }
    }
}
