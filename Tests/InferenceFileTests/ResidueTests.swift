// SPDX-License-Identifier: Apache-2.0

import BigIntegers
import Files
import FuzzTargets
import Inference
import InferenceClient
import Paillier
import Testing
import Wire

/// Keys and ciphertexts that no honest party writes, under checksums that are right.
@Suite struct ResidueTests {
    /// Where a group's body begins.
    private static let body = GroupHead.length

    private static func request(
        _ fixture: Fixture, _ change: (inout [UInt8]) -> Void
    ) -> [UInt8] {
        var groups = Fixture.groups(fixture.bytes(.request))
        groups[0] = Fixture.resealed(group: groups[0], change)
        return groups.flatMap { $0 }
    }

    /// All ones is never below an odd modulus of as many bits.
    @Test func requestsOfSlots() throws {
        let fixture = try Fixture.of(.slots)
        let count = try #require(fixture.plan.client.method as? Slots).settings.parameters
            .plaintextModuli.count
        let first = Self.request(fixture) { bytes in
            for at in 0..<8 { bytes[Self.body + 32 + at] = 0xFF }
        }
        #expect(throws: WireError.residueTooLarge("ciphertext 0")) {
            try fixture.use(first, as: .request)
        }
        // The last residue of the last limb too.
        let last = Self.request(fixture) { bytes in
            for at in bytes.count - 8..<bytes.count { bytes[at] = 0xFF }
        }
        #expect(throws: WireError.residueTooLarge("ciphertext \(count - 1)")) {
            try fixture.use(last, as: .request)
        }
    }

    @Test func requestsOfFeatures() throws {
        let fixture = try Fixture.of(.features)
        for place in [Self.body + 32, Fixture.groups(fixture.bytes(.request))[0].count - 40] {
            let bytes = Self.request(fixture) { bytes in
                for at in 0..<8 { bytes[place + at] = 0xFF }
            }
            #expect(
                throws: InferenceError.unexpectedRequest("a residue is not below its modulus")
            ) { try fixture.use(bytes, as: .request) }
        }
    }

    /// Of keys the first residue and the last, of each key in turn.
    @Test(arguments: Method.onLattices) func evaluationKeys(method: Method) throws {
        let fixture = try Fixture.of(method)
        let set = try #require(fixture.plan.client.method as? any BFVClientMethod).settings.keys
        var end = 0
        for (element, gadget) in set.list {
            let start = end
            end += set.byteCount(gadget)
            for place in [start + 32, end - 8] {
                let bytes = try fixture.resealed(.evaluationKeys) { sections in
                    for at in 0..<8 { sections[6]![place + at] = 0xFF }
                }
                #expect(throws: WireError.residueTooLarge("a switching key"), "\(element)") {
                    try fixture.use(bytes, as: .evaluationKeys)
                }
            }
        }
        let count = fixture.plan.cost.evaluationKeyBytes
        for change in [-count, -1, 1] {
            let bytes = try fixture.resealed(.evaluationKeys) { sections in
                sections[6] = (0..<count + change).map { _ in 0 }
            }
            #expect(
                throws: WireError.wrongCount(
                    "bytes of evaluation keys", expected: count, found: count + change)
            ) { try fixture.use(bytes, as: .evaluationKeys) }
        }
    }

    @Test(arguments: Method.onLattices) func secretKeys(method: Method) throws {
        let fixture = try Fixture.of(method)
        let length = try #require(Fixture.sections(fixture.bytes(.secretKey))[6]).count
        func expect(_ error: WireError, _ change: (inout [UInt8]) -> Void) throws {
            let bytes = try fixture.resealed(.secretKey) { change(&$0[6]!) }
            #expect(throws: error) { try fixture.use(bytes, as: .secretKey) }
        }
        try expect(.outOfRange("a coefficient of the secret key")) { $0[3] = 0b11_00_01_10 }
        try expect(.outOfRange("a coefficient of the secret key")) { $0[length - 1] |= 0xC0 }
        let never = WireError.outOfRange("a secret key that key generation never gives")
        for byte: UInt8 in [0b01_01_01_01, 0b10_10_10_10] {
            try expect(never) { $0 = [UInt8](repeating: byte, count: length) }
        }
        for count in [0, length - 1, length + 1, 1 << 16] {
            try expect(.wrongCount("secret key bytes", expected: length, found: count)) {
                $0 = [UInt8](repeating: 0, count: count)
            }
        }
        #expect(throws: WireError.sectionTooLarge("key", bytes: 1 << 16 + 1, limit: 1 << 16)) {
            try fixture.resealed(.secretKey) { $0[6] = [UInt8](repeating: 0, count: 1 << 16 + 1) }
        }
    }

    /// Errors about a secret key carry nothing of it.
    @Test(arguments: Method.encrypted) func errorsTellNoSecret(method: Method) throws {
        let fixture = try Fixture.of(method)
        let secret = try #require(Fixture.sections(fixture.bytes(.secretKey))[6])
        let bytes = try fixture.resealed(.secretKey) { $0[6]!.removeLast() }
        do {
            _ = try fixture.use(bytes, as: .secretKey)
            Issue.record("accepted")
        } catch {
            let shown = "\(error)" + String(reflecting: error)
            #expect(!shown.contains(secret[8..<16].map(String.init).joined(separator: ", ")))
            #expect(!shown.contains(Envelope.hexadecimal(secret[8..<16])))
            #expect(shown.utf8.count < 300)
        }
    }

    // MARK: Paillier

    @Test func ciphertextsOfPaillier() throws {
        let fixture = try Fixture.of(.paillier)
        let size = 64
        let ones = [UInt8](repeating: 0xFF, count: size)
        let key = try PaillierPublicKey(
            bytes: #require(Fixture.sections(fixture.bytes(.evaluationKeys))[6]),
            allowsInsecure: true)
        let n = try #require(key.modulus.littleEndianBytes(count: size))
        // Coordinates from n on, and ciphertexts that are not invertible: 0 and a multiple of n.
        for (what, coordinates) in [
            ("all ones", ones + ones), ("a0 = n", n + ones.map { _ in 0 }),
            ("a1 = n", [1] + ones.dropFirst().map { _ in 0 } + n),
            ("zero", (ones + ones).map { _ in 0 }),
            ("n", ones.map { _ in 0 } + [1] + ones.dropFirst().map { _ in 0 }),
        ] as [(String, [UInt8])] {
            for index in [0, 7] {
                let at = Self.body + 2 * size * index
                let bytes = Self.request(fixture) {
                    $0.replaceSubrange(at..<at + 2 * size, with: coordinates)
                }
                #expect(throws: PaillierError.invalidCiphertext(index: index), "\(what)") {
                    try fixture.use(bytes, as: .request)
                }
            }
        }
    }

    @Test func keysOfPaillier() throws {
        let fixture = try Fixture.of(.paillier)
        for kind in [ArtifactKind.evaluationKeys, .secretKey] {
            func expect(_ what: String, _ change: (inout [UInt8]) -> Void) throws {
                let bytes = try fixture.resealed(kind) { change(&$0[6]!) }
                #expect("\(kind), \(what)") { try fixture.use(bytes, as: kind) } throws: {
                    // Some numbers that are no public key can't be told from one.
                    $0 is PaillierError || kind == .evaluationKeys && $0 is InferenceError
                }
            }
            try expect("another magic") { $0[0] ^= 1 }
            try expect("another size") { $0[5] ^= 1 }
            try expect("2^32 - 1 bits") { $0.replaceSubrange(4..<8, with: [255, 255, 255, 255]) }
            try expect("an even number") { $0[8] ^= 1 }
            try expect("a number that is not the maker's") { $0[9] ^= 1 }
            try expect("a short one") { $0.removeLast() }
            try expect("a long one") { $0.append(0) }
            try expect("nothing") { $0 = [] }
            try expect("h_s out of range") {
                $0.replaceSubrange(
                    $0.count - 64..<$0.count, with: [UInt8](repeating: 255, count: 64))
            }
            try expect("h_s = 0") {
                $0.replaceSubrange(
                    $0.count - 128..<$0.count, with: [UInt8](repeating: 0, count: 128))
            }
        }
        // A key of the wrong size under the right set.
        let other = try Planner.insecure(degrees: [64], keySize: .insecure(bits: 640)).plan(
            Networks.linear(seed: 7), method: .paillier)
        let client = try Client(other.client)
        let keys = try fixture.resealed(.evaluationKeys) {
            $0[6] = try Fixture.sections(client.evaluationKeys().serialized())[6]
        }
        #expect(throws: InferenceError.wrongParameters) {
            try fixture.use(keys, as: .evaluationKeys)
        }
        let secret = try fixture.resealed(.secretKey) {
            $0[6] = try Fixture.sections(client.serializedSecretKey())[6]
        }
        #expect(throws: InferenceError.wrongParameters) { try fixture.use(secret, as: .secretKey) }
    }

    // MARK: No encryption

    @Test func clearValues() throws {
        let fixture = try Fixture.of(.clear)
        func expect(_ what: String, _ kind: ArtifactKind, _ change: (inout [UInt8]) -> Void) {
            let group = Fixture.resealed(group: fixture.bytes(kind), change)
            #expect("\(what)") { try fixture.use(group, as: kind) } throws: {
                Party.isTyped($0)
            }
        }
        expect("an input outside the box", .request) { $0[Self.body] = 4 }
        expect("the least input", .request) {
            $0.replaceSubrange(Self.body..<Self.body + 4, with: [0, 0, 0, 128])
        }
        for text in ["x", "", "1 2x", "99999999999999999999"] {
            expect("output '\(text)'", .reply) { bytes in
                let field =
                    Array(text.utf8) + [UInt8](repeating: 0x20, count: 128 - text.utf8.count)
                bytes.replaceSubrange(
                    Self.body..<Self.body + 128,
                    with: text == "1 2x" ? [0xFF] + field.dropFirst() : field)
            }
        }
        let secret = try fixture.resealed(.secretKey) { $0[6] = [1] }
        #expect(throws: WireError.malformed("a secret where there is none")) {
            try fixture.use(secret, as: .secretKey)
        }
        let keys = try fixture.resealed(.evaluationKeys) { $0[6] = [1] }
        #expect(throws: WireError.malformed("keys where there are none")) {
            try fixture.use(keys, as: .evaluationKeys)
        }
    }
}
