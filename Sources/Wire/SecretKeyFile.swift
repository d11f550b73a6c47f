// SPDX-License-Identifier: Apache-2.0

import CKernels

/// What a file of a secret key holds: a method's name and the secret, open or under a passphrase.
///
/// It shares the storage of the bytes that it was read from: wipe them when it is gone.
package struct SecretKeyFile {
    private let bytes: [UInt8]
    private let sections: Sections
    /// The digest of the key set that it belongs to.
    package let keySet: [UInt8]

    /// Checks everything but the secret.
    /// - Throws: `WireError`.
    package init(_ bytes: [UInt8]) throws {
        let envelope = try Envelope.open(bytes, expecting: .secretKey)
        self.bytes = bytes
        sections = try envelope.sections()
        keySet = envelope.digest
    }

    /// The method's name.
    package var method: ArraySlice<UInt8> { sections.required(SectionRule.Number.method) }

    /// How the secret is protected; nil where it lies open.
    /// - Throws: `WireError` for a protection that this release doesn't read, or that costs too little or too much.
    package func protection() throws -> PassphraseProtection? {
        try sections[SectionRule.Number.protectedKey].map {
            try PassphraseProtection(head: $0.prefix(PassphraseProtection.headLength))
        }
    }

    /// Whether a file's secret is protected by a passphrase.
    /// - Throws: `WireError`, as for who would read it.
    package static func isProtected(_ bytes: [UInt8]) throws -> Bool {
        try SecretKeyFile(bytes).protection() != nil
    }

    /// Calls `body` with the secret. What was decrypted is wiped afterwards.
    ///
    /// - Parameter passphrase: nil for a file without one.
    /// - Throws: `WireError` where passphrase and file don't belong together, and what `body` throws.
    package func withSecret<Result>(
        passphrase: [UInt8]?, _ body: (ArraySlice<UInt8>) throws -> Result
    ) throws -> Result {
        guard let protection = try protection(),
            let section = sections[SectionRule.Number.protectedKey]
        else {
            // Who has a passphrase counts on it that no other could have written the file.
            guard passphrase == nil else { throw WireError.notProtected }
            return try body(sections[SectionRule.Number.key]!)
        }
        guard let passphrase else { throw WireError.passphraseNeeded }
        let box = section.dropFirst(PassphraseProtection.headLength)
        var secret = try protection.open(
            box, passphrase: passphrase, before: bytes[..<box.startIndex])
        defer { Self.wipe(&secret) }
        return try body(secret[...])
    }

    /// The bytes of a file.
    ///
    /// - Parameters:
    ///   - passphrase: nil: the secret lies open.
    ///   - nonce: of the box, with a known salt of the protection; nil: a fresh one.
    package static func seal(
        _ secret: [UInt8], method: [UInt8], keySet: [UInt8], passphrase: [UInt8]?,
        protection: PassphraseProtection = PassphraseProtection(), nonce: [UInt8]? = nil
    ) throws -> [UInt8] {
        typealias Number = SectionRule.Number
        guard let passphrase else {
            return try Envelope.seal(
                [(Number.method, method), (Number.key, secret)], kind: .secretKey, digest: keySet)
        }
        func file(_ box: [UInt8]) throws -> [UInt8] {
            try Envelope.seal(
                [(Number.method, method), (Number.protectedKey, protection.head + box)],
                kind: .secretKey, digest: keySet)
        }
        // Of the box only its length is told before it.
        let length = PassphraseProtection.boxOverhead + secret.count
        let blank = try file([UInt8](repeating: 0, count: length))
        let before = blank.dropLast(length + Envelope.checksumLength)
        return try file(
            protection.seal(secret, passphrase: passphrase, before: before, nonce: nonce))
    }

    /// A file's secret under another passphrase.
    ///
    /// - Parameters:
    ///   - old: nil for a file without one.
    ///   - new: nil: the secret lies open.
    /// - Throws: `WireError` where `old` is not the file's.
    package static func reseal(
        _ bytes: [UInt8], from old: [UInt8]?, to new: [UInt8]?
    ) throws -> [UInt8] {
        let file = try SecretKeyFile(bytes)
        return try file.withSecret(passphrase: old) {
            var secret = Array($0)
            defer { wipe(&secret) }
            return try seal(
                secret, method: Array(file.method), keySet: file.keySet, passphrase: new)
        }
    }

    private static func wipe(_ bytes: inout [UInt8]) {
        bytes.withUnsafeMutableBytes { bytes in
            if let base = bytes.baseAddress { bsk_wipe(base, bytes.count) }
        }
    }
}
