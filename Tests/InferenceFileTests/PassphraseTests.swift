// SPDX-License-Identifier: Apache-2.0

import Files
import Foundation
import InferenceClient
import Testing
import Wire

/// A secret key under a passphrase: who lacks it has nothing, and who has it has what was written.
@Suite struct PassphraseTests {
    private static let passphrase = Array("correct horse".utf8)
    /// The least that is read: quick.
    private static let quick = PassphraseProtection.acceptedLogRounds.lowerBound

    /// The fixture's secret under the passphrase.
    private static func protected(_ fixture: Fixture) throws -> [UInt8] {
        try SecretKeyFile.seal(
            fixture.client.secretBytes(),
            method: Array(fixture.plan.client.methodName.rawValue.utf8),
            keySet: fixture.plan.client.keySetDigest, passphrase: passphrase,
            protection: PassphraseProtection(logRounds: quick))
    }

    private static func secret(
        _ bytes: [UInt8], passphrase: [UInt8]? = passphrase
    ) throws -> [UInt8] {
        try SecretKeyFile(bytes).withSecret(passphrase: passphrase) { Array($0) }
    }

    /// The file with other bytes, its checksum right.
    private static func resealed(
        _ bytes: [UInt8], _ change: (inout [UInt8]) -> Void
    ) -> [UInt8] {
        var content = Array(bytes.dropLast(Envelope.checksumLength))
        change(&content)
        return content + Envelope.digest(of: content)
    }

    @Test(arguments: Method.allCases) func sameKey(method: Method) throws {
        let fixture = try Fixture.of(method)
        let bytes = try Self.protected(fixture)
        let plain = fixture.bytes(.secretKey)
        #expect(bytes.count == plain.count + 68)
        let client = try Client(
            fixture.plan.client, secretKey: bytes, passphrase: Self.passphrase)
        #expect(try client.serializedSecretKey() == plain)
        #expect(try fixture.logits(fixture.bytes(.reply), client: client) == fixture.logits())
        // Nothing of it lies open.
        let secret = try fixture.client.secretBytes()
        for start in stride(from: 0, to: max(secret.count - 8, 0), by: 8) {
            #expect(bytes.firstRange(of: secret[start..<start + 8]) == nil)
        }
    }

    /// By the library's own names, at the cost that is written.
    @Test func usualCost() throws {
        let fixture = try Fixture.of(.slots)
        let bytes = try fixture.client.serializedSecretKey(passphrase: Self.passphrase)
        #expect(try SecretKeyFile(bytes).protection()?.logRounds == 17)
        let again = try fixture.client.serializedSecretKey(passphrase: Self.passphrase)
        // Salt and nonce are fresh.
        #expect(again.count == bytes.count && again != bytes)
        let client = try Client(
            fixture.plan.client, secretKey: bytes, passphrase: Self.passphrase)
        #expect(try client.serializedSecretKey() == fixture.bytes(.secretKey))
    }

    @Test func passphraseAndFileBelongTogether() throws {
        let fixture = try Fixture.of(.slots)
        let plan = fixture.plan.client
        let bytes = try Self.protected(fixture)
        #expect(try SecretKeyFile.isProtected(bytes))
        #expect(throws: WireError.passphraseNeeded) { try Client(plan, secretKey: bytes) }
        for wrong in ["correct hors", "correct horse ", "Correct horse", "x"] {
            #expect(throws: WireError.wrongPassphrase) {
                try Client(plan, secretKey: bytes, passphrase: Array(wrong.utf8))
            }
        }
        #expect(throws: WireError.emptyPassphrase) {
            try Client(plan, secretKey: bytes, passphrase: [])
        }
        #expect(throws: WireError.emptyPassphrase) {
            try fixture.client.serializedSecretKey(passphrase: [])
        }
        // Someone put a key of their own in its place.
        let plain = fixture.bytes(.secretKey)
        #expect(try !SecretKeyFile.isProtected(plain))
        #expect(throws: WireError.notProtected) {
            try Client(plan, secretKey: plain, passphrase: Self.passphrase)
        }
        // Keys that fit no plan are told from wrong passphrases, and before them.
        let other = try Fixture.of(.features).plan.client
        #expect(throws: WireError.wrongMethod(expected: "features", found: "slots")) {
            try Client(other, secretKey: bytes)
        }
    }

    /// All that stands before the secret is bound to it, whoever makes the checksum right again.
    @Test func changedFiles() throws {
        let fixture = try Fixture.of(.slots)
        let bytes = try Self.protected(fixture)
        let secret = try fixture.client.secretBytes()
        #expect(try Self.secret(bytes) == secret)
        let head = 56 + 16 + 5 + 16
        let box = head + PassphraseProtection.headLength
        // The key set's digest, the method's name, salt, nonce, secret, tag.
        let places = [
            16, 47, 72, 76, head + 8, box - 1, box, box + 11, box + 12, box + 11 + secret.count,
            bytes.count - 48, bytes.count - 33,
        ]
        for place in places {
            let changed = Self.resealed(bytes) { $0[place] ^= 1 }
            #expect(throws: WireError.wrongPassphrase, "byte \(place)") {
                try Self.secret(changed)
            }
        }
        let costlier = Self.resealed(bytes) { $0[head + 1] += 1 }
        #expect(throws: WireError.wrongPassphrase) { try Self.secret(costlier) }
        // An optional section behind it.
        let longer = Self.resealed(bytes) {
            $0 += Section.head(200, length: 0)
            $0[$0.count - 14] = 1
            $0[48] += 16
        }
        #expect(try SecretKeyFile.isProtected(longer))
        #expect(throws: WireError.wrongPassphrase) { try Self.secret(longer) }
        // Damage is told from a wrong passphrase.
        var damaged = bytes
        damaged[box + 20] ^= 1
        #expect(throws: WireError.corrupt) { try Self.secret(damaged) }
    }

    /// Neither a guesser nor this machine is served by whatever cost a file names.
    @Test func costs() throws {
        let fixture = try Fixture.of(.slots)
        let bytes = try Self.protected(fixture)
        let head = 56 + 16 + 5 + 16
        func protection(_ place: Int, _ value: UInt8) throws {
            let changed = Self.resealed(bytes) { $0[head + place] = value }
            _ = try SecretKeyFile.isProtected(changed)
        }
        for logRounds: UInt8 in 15...19 { try protection(1, logRounds) }
        for (place, values) in [
            (1, [0, 14, 20, 24, 31, 63, 64, 255] as [UInt8]), (2, [0, 1, 7, 9, 32, 255]),
            (3, [0, 2, 16, 255]),
        ] {
            for value in values {
                let error = #expect(throws: WireError.self, "byte \(place): \(value)") {
                    try protection(place, value)
                }
                #expect(error?.description.contains("scrypt with N = 2^") == true)
            }
        }
        for (place, value) in [(0, 0), (0, 2), (4, 1), (7, 128)] as [(Int, UInt8)] {
            #expect(throws: WireError.malformed("a protected key of an unknown kind")) {
                try protection(place, value)
            }
        }
    }

    @Test func cutOff() throws {
        let fixture = try Fixture.of(.slots)
        let sections = try Fixture.sections(Self.protected(fixture))
        let section = try #require(sections[SectionRule.Number.protectedKey])
        for length in [0, 1, 39, 40, 67] {
            let bytes = try Envelope.seal(
                [
                    (SectionRule.Number.method, Array("slots".utf8)),
                    (SectionRule.Number.protectedKey, Array(section[..<length])),
                ], kind: .secretKey, digest: fixture.plan.client.keySetDigest)
            #expect(throws: WireError.malformed("a protected key that is cut off")) {
                try Self.secret(bytes)
            }
        }
    }

    @Test func otherPassphrase() throws {
        let fixture = try Fixture.of(.paillier)
        let plain = fixture.bytes(.secretKey)
        let new = Array("battery staple".utf8)
        let first = try SecretKeyFile.reseal(plain, from: nil, to: Self.passphrase)
        #expect(throws: WireError.wrongPassphrase) {
            try SecretKeyFile.reseal(first, from: new, to: new)
        }
        #expect(throws: WireError.passphraseNeeded) {
            try SecretKeyFile.reseal(first, from: nil, to: new)
        }
        let second = try SecretKeyFile.reseal(first, from: Self.passphrase, to: new)
        #expect(throws: WireError.wrongPassphrase) { try Self.secret(second) }
        #expect(try SecretKeyFile.reseal(second, from: new, to: nil) == plain)
    }

    /// What Tests/Vectors/protected_key.py wrote with other implementations of both functions.
    @Test func knownFile() throws {
        let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().appendingPathComponent("Vectors/wire-v6/slots").path
        func bytes(_ name: String) throws -> [UInt8] {
            try RegularFile.bytes(of: "\(folder)/\(name)", limit: 1 << 20)
        }
        let passphrase = Array("Blindsight: pâté, 中".utf8)
        let file = try bytes("protected.key")
        let plain = try bytes("secret.key")
        #expect(try SecretKeyFile.reseal(file, from: passphrase, to: nil) == plain)
        let written = try SecretKeyFile(plain).withSecret(passphrase: nil) {
            try SecretKeyFile.seal(
                Array($0), method: Array("slots".utf8), keySet: SecretKeyFile(plain).keySet,
                passphrase: passphrase,
                protection: PassphraseProtection(logRounds: 15, salt: Array(0..<32)),
                nonce: Array(100..<112))
        }
        #expect(written == file)
        let plan = try ClientPlan(serialized: bytes("client.plan"), allowInsecure: true)
        let client = try Client(plan, secretKey: file, passphrase: passphrase)
        #expect(try client.serializedSecretKey() == plain)
    }
}
