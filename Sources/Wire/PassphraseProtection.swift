// SPDX-License-Identifier: Apache-2.0

import CKernels
import Crypto
import CryptoExtras

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// How a passphrase protects a secret: scrypt makes a key of it, with which AES-256-GCM encrypts.
///
/// A head of 40 bytes: the function (1: scrypt), log2 N, r, p (1 byte each), zero (4), salt (32). Behind it the box:
/// nonce (12), as many bytes as the secret has, tag (16).
package struct PassphraseProtection: Sendable {
    /// log2 of scrypt's N.
    package let logRounds: Int
    private let salt: [UInt8]

    /// 128 MiB, and a third of a second on a core of today.
    package static let usualLogRounds = 17
    /// Below, passphrases are guessed too cheaply; above, who wrote a file decides on this machine's memory.
    package static let acceptedLogRounds = 15...19
    private static let scrypt: UInt8 = 1
    private static let blockSize = 8
    private static let parallelism = 1
    private static let saltLength = 32
    package static let headLength = 8 + saltLength
    /// What a box has beyond the secret's bytes.
    package static let boxOverhead = 12 + 16

    /// A fresh one.
    package init(logRounds: Int = usualLogRounds) {
        self.init(
            logRounds: logRounds,
            salt: (0..<Self.saltLength).map { _ in UInt8.random(in: .min ... .max) })
    }

    /// One of a known salt, which no two secrets share.
    package init(logRounds: Int, salt: [UInt8]) {
        precondition(Self.acceptedLogRounds.contains(logRounds) && salt.count == Self.saltLength)
        self.logRounds = logRounds
        self.salt = salt
    }

    /// Reads a head, of whatever length.
    /// - Throws: `WireError`.
    init(head: ArraySlice<UInt8>) throws {
        let head = Array(head)
        guard head.count == Self.headLength else {
            throw WireError.malformed("a protected key that is cut off")
        }
        guard head[0] == Self.scrypt, head[4..<8].allSatisfy({ $0 == 0 }) else {
            throw WireError.malformed("a protected key of an unknown kind")
        }
        guard Self.acceptedLogRounds.contains(Int(head[1])), Int(head[2]) == Self.blockSize,
            Int(head[3]) == Self.parallelism
        else {
            let accepted = Self.acceptedLogRounds
            throw WireError.outOfRange(
                "scrypt with N = 2^\(head[1]), r = \(head[2]), p = \(head[3]); read are N = 2^\(accepted.lowerBound) to "
                    + "2^\(accepted.upperBound), r = \(Self.blockSize), p = \(Self.parallelism)")
        }
        logRounds = Int(head[1])
        salt = Array(head[8...])
    }

    /// What stands before the box.
    var head: [UInt8] {
        [Self.scrypt, UInt8(logRounds), UInt8(Self.blockSize), UInt8(Self.parallelism), 0, 0, 0, 0]
            + salt
    }

    /// For people.
    package var text: String {
        "passphrase: scrypt with N = 2^\(logRounds), r = \(Self.blockSize), p = \(Self.parallelism); AES-256-GCM"
    }

    private var memoryBytes: Int { 128 * Self.blockSize * Self.parallelism << logRounds }

    /// - Throws: `WireError` for an empty passphrase, or where memory lacks.
    package func key(_ passphrase: [UInt8]) throws -> SymmetricKey {
        guard !passphrase.isEmpty else { throw WireError.emptyPassphrase }
        defer { Self.wipeFreedBlocks() }
        do {
            return try KDF.Scrypt.deriveKey(
                from: passphrase, salt: salt, outputByteCount: 32, rounds: 1 << logRounds,
                blockSize: Self.blockSize, parallelism: Self.parallelism)
        } catch {
            // Of the parameters above it refuses none.
            throw WireError.noMemory(bytes: memoryBytes)
        }
    }

    /// The box of a secret.
    ///
    /// - Parameters:
    ///   - before: what is authenticated with it: all that stands before the box, this head included.
    ///   - nonce: nil: a fresh one.
    func seal(
        _ secret: [UInt8], passphrase: [UInt8], before: ArraySlice<UInt8>, nonce: [UInt8]?
    ) throws -> [UInt8] {
        let key = try key(passphrase)
        defer { Self.wipeFreedBlocks() }
        let box = try AES.GCM.seal(
            secret, using: key, nonce: nonce.map { try AES.GCM.Nonce(data: $0) },
            authenticating: before)
        return Array(box.nonce) + Array(box.ciphertext) + Array(box.tag)
    }

    /// The secret of a box. Wipe it after use.
    /// - Throws: `WireError.wrongPassphrase` where passphrase, box and what stands before it don't belong together.
    func open(
        _ box: ArraySlice<UInt8>, passphrase: [UInt8], before: ArraySlice<UInt8>
    ) throws -> [UInt8] {
        guard box.count >= Self.boxOverhead else {
            throw WireError.malformed("a protected key that is cut off")
        }
        let sealed = try AES.GCM.SealedBox(combined: box)
        let key = try key(passphrase)
        defer { Self.wipeFreedBlocks() }
        guard var secret = try? AES.GCM.open(sealed, using: key, authenticating: before) else {
            throw WireError.wrongPassphrase
        }
        defer { secret.withUnsafeMutableBytes { bsk_wipe($0.baseAddress, $0.count) } }
        return Array(secret)
    }

    /// swift-crypto frees copies of a key without wiping them: the bytes that scrypt gave and AES's round keys, in
    /// blocks below a kilobyte. Allocators give what was freed last first, so these blocks are taken again and wiped.
    private static func wipeFreedBlocks() {
        for size in stride(from: 16, through: 1024, by: 16) {
            let blocks = (0..<8).map { _ in
                UnsafeMutableRawPointer.allocate(byteCount: size, alignment: 16)
            }
            for block in blocks {
                bsk_wipe(block, size)
                block.deallocate()
            }
        }
    }
}
