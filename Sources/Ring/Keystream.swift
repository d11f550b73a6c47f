// SPDX-License-Identifier: Apache-2.0

import CKernels
import Crypto
import CryptoExtras

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// AES-256 in counter mode as a stream of words. The counter block is the stream's number (8 bytes,
/// little endian), then the block's number (8 bytes, big endian), so streams of one key are disjoint.
package struct Keystream: Sendable {
    private let key: SymmetricKey
    private let stream: UInt64
    private let isSecret: Bool
    private var block: UInt64 = 0

    /// Words that fit the first-level cache: streams are best read in runs of as many.
    package static let run = 2048
    /// What is encrypted. Never written, so that the system backs it by one page.
    private static let zeros = Data(count: 1 << 19)

    /// Public randomness, the same for everyone who has the seed.
    package init(seed: Seed, stream: UInt64) {
        key = SymmetricKey(data: seed.bytes)
        self.stream = stream
        isSecret = false
    }

    /// Secret randomness under a fresh key from the operating system; nobody can repeat it.
    package init() {
        key = SymmetricKey(size: .bits256)
        stream = 0
        isSecret = true
    }

    /// `count` further words of the stream.
    package mutating func words(_ count: Int) -> SecretWords {
        let blocks = (count + 1) / 2
        let nonce = (stream.littleEndian, block.bigEndian)
        block += UInt64(blocks)
        do {
            let plain =
                blocks * 16 <= Self.zeros.count
                ? Self.zeros.prefix(blocks * 16) : Data(count: blocks * 16)
            let bytes = try AES._CTR.encrypt(
                plain, using: key,
                nonce: withUnsafeBytes(of: nonce) { try AES._CTR.Nonce(nonceBytes: $0) })
            return SecretWords(bytes: bytes, count: count, isSecret: isSecret)
        } catch {
            // The only documented failure is a nonce of the wrong size.
            preconditionFailure("AES-CTR refused a 16-byte counter block: \(error)")
        }
    }

    /// Calls `body` with `count` further words, a run at a time: (words, where they begin, how many).
    package mutating func forEachRun(
        of count: Int, _ body: (UnsafePointer<UInt64>, Int, Int) -> Void
    ) {
        for start in stride(from: 0, to: count, by: Self.run) {
            let length = min(Self.run, count - start)
            words(length).withWords { body($0, start, length) }
        }
    }
}

/// Random words, wiped on release unless they come from a public seed.
package final class SecretWords: @unchecked Sendable {
    @exclusivity(unchecked) private var bytes: Data
    package let count: Int
    private let isSecret: Bool

    fileprivate init(bytes: Data, count: Int, isSecret: Bool) {
        self.bytes = bytes
        self.count = count
        self.isSecret = isSecret
    }

    deinit {
        if isSecret { bytes.withUnsafeMutableBytes { bsk_wipe($0.baseAddress, $0.count) } }
    }

    package func withWords<R>(_ body: (UnsafePointer<UInt64>) throws -> R) rethrows -> R {
        try bytes.withUnsafeBytes { raw in
            try raw.withMemoryRebound(to: UInt64.self) { try body($0.baseAddress!) }
        }
    }
}
