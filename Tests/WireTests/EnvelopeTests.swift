// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing
import Wire

/// Damage that the envelope must see, whatever is inside.
@Suite struct EnvelopeTests {
    static let kinds = ArtifactKind.allCases.filter { !$0.hasGroups }
    private static let digest = Envelope.digest(of: [9])

    /// A file with each section that its kind must have.
    static func file(_ kind: ArtifactKind) throws -> [UInt8] {
        try Envelope.seal(
            SectionRule.all(of: kind).filter(\.isRequired).map { rule in
                (rule.number, (0..<100).map { UInt8(truncatingIfNeeded: $0 * Int(rule.number)) })
            }, kind: kind, digest: digest)
    }

    private static func open(_ bytes: [UInt8], _ kind: ArtifactKind) throws -> Sections {
        try Envelope.open(bytes, expecting: kind).sections()
    }

    /// Byte for byte what docs/Formats.md says.
    @Test func layout() throws {
        let bytes = try Envelope.seal(
            [(1, [0xAA]), (6, [])], kind: .secretKey, digest: Self.digest)
        let expected: [UInt8] =
            Array("BLNDSGHT".utf8) + [6, 0, 3, 0, 0, 0, 0, 0] + Self.digest
            + [33, 0, 0, 0, 0, 0, 0, 0]
            + [1, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0xAA]
            + [6, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]
        #expect(bytes == expected + Envelope.digest(of: expected))
        #expect(ArtifactKind.allCases.map(\.rawValue) == [1, 2, 3, 4, 5, 6])
    }

    @Test(arguments: kinds) func roundTrip(kind: ArtifactKind) throws {
        let envelope = try Envelope.open(Self.file(kind), expecting: kind)
        #expect(envelope.kind == kind && envelope.digest == Self.digest)
        let sections = try envelope.sections()
        for rule in SectionRule.all(of: kind) {
            #expect((sections[rule.number] != nil) == rule.isRequired)
            let last = UInt8(truncatingIfNeeded: 99 * Int(rule.number))
            #expect(sections[rule.number]?.last == (rule.isRequired ? last : nil))
        }
    }

    @Test(arguments: kinds) func truncated(kind: ArtifactKind) throws {
        let bytes = try Self.file(kind)
        for length in bytes.indices {
            #expect(throws: WireError.self, "length \(length)") {
                try Self.open(Array(bytes[..<length]), kind)
            }
        }
    }

    @Test(arguments: kinds) func flippedByte(kind: ArtifactKind) throws {
        let bytes = try Self.file(kind)
        var generator = SplitMix64(seed: UInt64(kind.rawValue))
        for position in bytes.indices {
            var damaged = bytes
            damaged[position] ^= UInt8.random(in: 1...255, using: &generator)
            // Magic, version, kind, reserved bytes and length have errors of their own.
            let isCorrupt = (16..<48).contains(position) || position >= Envelope.headerLength
            #expect("position \(position)") {
                try Self.open(damaged, kind)
            } throws: { error in
                guard let error = error as? WireError else { return false }
                return (error == .corrupt) == isCorrupt
            }
        }
    }

    @Test(arguments: kinds) func trailingBytes(kind: ArtifactKind) throws {
        let bytes = try Self.file(kind)
        for extra in [1, 7, 4096] {
            let present = UInt64(bytes.count - 88)
            #expect(
                throws: WireError.wrongLength(expected: present, found: present + UInt64(extra))
            ) {
                try Self.open(bytes + [UInt8](repeating: 0, count: extra), kind)
            }
        }
    }

    @Test(arguments: [UInt64(1) << 60, .max, 1 << 63, 1 << 32, 0])
    func lengthThatIsNotTrue(length: UInt64) throws {
        for kind in Self.kinds {
            let bytes = try Self.file(kind)
            let damaged = bytes.with(Envelope.littleEndian(length, bytes: 8), at: 48)
            #expect(
                throws: WireError.wrongLength(expected: length, found: UInt64(bytes.count - 88))
            ) { try Self.open(damaged, kind) }
        }
    }

    @Test func everyHeaderField() throws {
        let bytes = try Self.file(.clientPlan)
        func expect(_ error: WireError, _ at: Int, _ byte: UInt8) {
            // With a right checksum too: none of these is told by it.
            for damaged in [bytes.with([byte], at: at), bytes.with([byte], at: at).resealed] {
                #expect(throws: error) { try Self.open(damaged, .clientPlan) }
            }
        }
        expect(.notAnArtifact, 0, UInt8(ascii: "b"))
        for version: UInt8 in [0, 1, 2, 3, 4, 5, 7, 255] {
            expect(.unsupportedVersion(Int(version)), 8, version)
        }
        expect(.unsupportedVersion(0x106), 9, 1)
        for kind: UInt8 in [0, 7, 255] { expect(.unknownKind(Int(kind)), 10, kind) }
        expect(.unknownKind(0x102), 11, 1)
        for at in 12..<16 {
            expect(.malformed("reserved bytes of the header are not zero"), at, 1)
        }
        expect(.wrongKind(expected: .clientPlan, found: .serverPlan), 10, 1)
        #expect(throws: WireError.notAnArtifact) { try Self.open([], .clientPlan) }
    }

    @Test func whoReadsAnotherVersionIsToldWhatToDo() {
        #expect(
            WireError.unsupportedVersion(4).description
                == "format version 4, of an earlier release; this one reads version 6: plan the model again and make "
                + "new keys, and decrypt old replies with the release that made them")
        #expect(
            WireError.unsupportedVersion(7).description
                == "format version 7, of a later release; this one reads version 6")
    }

    @Test(arguments: kinds) func otherKind(kind: ArtifactKind) throws {
        for other in Self.kinds where other != kind {
            #expect(throws: WireError.wrongKind(expected: kind, found: other)) {
                try Self.open(Self.file(other), kind)
            }
        }
        for groups in ArtifactKind.allCases where groups.hasGroups {
            let bytes = try Groups.make(groups).bytes
            #expect(throws: WireError.wrongKind(expected: kind, found: groups)) {
                try Envelope.open(bytes, expecting: kind)
            }
            #expect(throws: WireError.malformed("a file of groups, which are read one by one")) {
                try Envelope.open(bytes)
            }
        }
    }

    /// More than its sections can hold.
    @Test func tooLarge() throws {
        let limit = ArtifactKind.secretKey.maximumPayloadBytes
        #expect(limit == 3 * 16 + 256 + 1 << 16 + 1 << 17)
        let header = Envelope.header(
            kind: .secretKey, digest: Self.digest, payloadLength: limit + 1)
        let bytes = (header + [UInt8](repeating: 0, count: limit + 33)).resealed
        #expect(
            throws: WireError.tooLarge(.secretKey, bytes: UInt64(limit + 1), limit: limit)
        ) { try Envelope.open(bytes) }
    }

    @Test func plansAndKeySetsAreCompared() throws {
        let (one, other) = (Envelope.digest(of: [1]), Envelope.digest(of: [2]))
        let (a, b) = (Envelope.hexadecimal(one), Envelope.hexadecimal(other))
        #expect(a.count == 64 && a != b)
        #expect(throws: WireError.wrongPlan(expected: a, found: b)) {
            try Envelope.requirePlan(one, found: other)
        }
        #expect(throws: WireError.wrongKeySet(expected: a, found: b)) {
            try Envelope.requireKeySet(one, found: other)
        }
        try Envelope.requirePlan(one, found: one)
        try Envelope.requireKeySet(one, found: one)
    }
}
