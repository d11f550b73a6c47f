import TestSupport
import Testing
import Wire

/// Damage that the envelope must see, whatever is inside.
@Suite struct EnvelopeTests {
    /// All lengths of a short file; of a long one the first and last 200, and every 97th.
    static func positions(_ count: Int) -> [Int] {
        (0..<count).filter { $0 < 200 || $0 >= count - 200 || $0 % 97 == 0 }
    }

    @Test(arguments: Fixture.kinds) func truncated(kind: ArtifactKind) throws {
        let fixture = try Fixture.shared.get()
        let bytes = try #require(fixture.files[kind])
        for length in Self.positions(bytes.count) {
            #expect(throws: WireError.self, "length \(length)") {
                try fixture.recode(Array(bytes[..<length]), as: kind)
            }
        }
    }

    @Test(arguments: Fixture.kinds) func flippedByte(kind: ArtifactKind) throws {
        let fixture = try Fixture.shared.get()
        let bytes = try #require(fixture.files[kind])
        var generator = SplitMix64(seed: UInt64(kind.rawValue))
        for position in Self.positions(bytes.count) {
            var damaged = bytes
            damaged[position] ^= UInt8.random(in: 1...255, using: &generator)
            // Magic, version, kind, reserved bytes and length have errors of their own.
            let isCorrupt = (16..<48).contains(position) || position >= Envelope.headerLength
            #expect("position \(position)") {
                try fixture.recode(damaged, as: kind)
            } throws: { error in
                guard let error = error as? WireError else { return false }
                return !isCorrupt || error == .corrupt
            }
        }
    }

    @Test(arguments: Fixture.kinds) func trailingBytes(kind: ArtifactKind) throws {
        let fixture = try Fixture.shared.get()
        let bytes = try #require(fixture.files[kind])
        for extra in [1, 7, 4096] {
            #expect(throws: WireError.self) {
                try fixture.recode(bytes + [UInt8](repeating: 0, count: extra), as: kind)
            }
        }
        // Inside the envelope: a field that nobody knows, with a right checksum.
        let resealed = try fixture.resealed(kind) { $0 += [0xF8, 0x07, 0x01] }
        #expect(throws: WireError.self) { try fixture.recode(resealed, as: kind) }
    }

    @Test(arguments: [UInt64(1) << 60, .max, 1 << 63, 1 << 32, 0])
    func lengthThatIsNotTrue(length: UInt64) throws {
        let fixture = try Fixture.shared.get()
        for (kind, bytes) in fixture.files {
            var damaged = bytes
            for i in 0..<8 { damaged[48 + i] = UInt8(truncatingIfNeeded: length >> (8 * i)) }
            let present = UInt64(bytes.count - Envelope.headerLength - Envelope.checksumLength)
            #expect(throws: WireError.wrongLength(expected: length, found: present)) {
                try fixture.recode(damaged, as: kind)
            }
        }
    }

    @Test func magicVersionAndKind() throws {
        let fixture = try Fixture.shared.get()
        let bytes = try #require(fixture.files[.clientPlan])
        func expect(_ error: WireError, _ change: (inout [UInt8]) -> Void) {
            var damaged = bytes
            change(&damaged)
            #expect(throws: error) { try fixture.recode(damaged, as: .clientPlan) }
            #expect(throws: error) { try Artifact.inspect(damaged) }
        }
        expect(.notAnArtifact) { $0[0] = UInt8(ascii: "b") }
        expect(.notAnArtifact) { $0 = [] }
        expect(.unsupportedVersion(1)) { $0[8] = 1 }
        expect(.unsupportedVersion(5)) { $0[8] = 5 }
        expect(.unsupportedVersion(0x104)) { $0[9] = 1 }
        expect(.unknownKind(0)) { $0[10] = 0 }
        expect(.unknownKind(15)) { $0[10] = 15 }
        expect(.malformed("reserved bytes of the header are not zero")) { $0[13] = 1 }
    }

    @Test(arguments: Fixture.kinds) func otherKind(kind: ArtifactKind) throws {
        let fixture = try Fixture.shared.get()
        for other in Fixture.kinds where other != kind {
            #expect(throws: WireError.wrongKind(expected: kind, found: other)) {
                try fixture.recode(fixture.files[other]!, as: kind)
            }
        }
    }

    @Test(arguments: [ArtifactKind.secretKey, .evaluationKey, .request, .reply])
    func otherPlan(kind: ArtifactKind) throws {
        let fixture = try Fixture.shared.get()
        let other = try Fixture.other.get()
        let expected = try Artifact.planDigest(fixture.plan.client)
        let found = try Artifact.planDigest(other.plan.client)
        #expect(expected != found)
        #expect(throws: WireError.wrongPlan(expected: expected, found: found)) {
            try fixture.recode(other.files[kind]!, as: kind)
        }
    }
}
