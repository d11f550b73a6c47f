// SPDX-License-Identifier: Apache-2.0

import Testing
import Wire

/// The parts of a payload: their order, their limits, and what is kept for later.
@Suite struct SectionTests {
    typealias Number = SectionRule.Number

    /// A section as it stands in a payload.
    private static func section(
        _ number: UInt16, _ bytes: [UInt8] = [7], flags: UInt64 = 0, zeros: UInt64 = 0,
        length: UInt64? = nil
    ) -> [UInt8] {
        Envelope.littleEndian(UInt64(number), bytes: 2) + Envelope.littleEndian(flags, bytes: 2)
            + Envelope.littleEndian(zeros, bytes: 4)
            + Envelope.littleEndian(length ?? UInt64(bytes.count), bytes: 8) + bytes
    }

    private static func read(
        _ parts: [UInt8]..., kind: ArtifactKind = .secretKey
    ) throws -> Sections { try Sections(parts.flatMap { $0 }[...], kind: kind) }

    private static let method = section(Number.method)
    private static let key = section(Number.key)

    @Test(arguments: ArtifactKind.allCases) func rulesAscend(kind: ArtifactKind) {
        let rules = SectionRule.all(of: kind)
        #expect(zip(rules, rules.dropFirst()).allSatisfy { $0.number < $1.number })
        #expect(rules.isEmpty == kind.hasGroups)
        // What is reserved can't be asked for.
        #expect(rules.allSatisfy { !($0.isRequired && $0.isReserved) })
    }

    @Test func absentAndEmpty() throws {
        let sections = try Self.read(Self.section(Number.method, []), Self.key)
        #expect(sections.required(Number.method).isEmpty)
        #expect(sections[Number.key] == [7])
        #expect(sections[Number.plan] == nil)
    }

    @Test func missing() throws {
        for kind in EnvelopeTests.kinds {
            let rules = SectionRule.all(of: kind).filter(\.isRequired)
            for absent in rules {
                let payload = rules.filter { $0.number != absent.number }
                    .flatMap { Self.section($0.number) }
                #expect(throws: WireError.malformed("the section \(absent.name) is missing")) {
                    try Sections(payload[...], kind: kind)
                }
            }
        }
    }

    @Test func orderAndRepetition() throws {
        #expect(throws: WireError.malformed("section 1 after section 6")) {
            try Self.read(Self.key, Self.method)
        }
        #expect(throws: WireError.malformed("section 1 after section 1")) {
            try Self.read(Self.method, Self.method, Self.key)
        }
        // Of unknown ones too.
        let unknown = Self.section(200, flags: 1)
        #expect(throws: WireError.malformed("section 200 after section 200")) {
            try Self.read(Self.method, Self.key, unknown, unknown)
        }
    }

    @Test func cutOff() throws {
        let payload = Self.method + Self.key
        for length in 1..<payload.count where length != Self.method.count {
            #expect(throws: WireError.self, "\(length) bytes") {
                try Self.read(Array(payload[..<length]))
            }
        }
        #expect(throws: WireError.malformed("a section's head that is cut off")) {
            try Self.read(Self.method, Self.key, [0])
        }
    }

    @Test(arguments: [2, 1 << 32, 1 << 63, UInt64.max]) func untrueLength(length: UInt64) throws {
        #expect(throws: WireError.wrongLength(expected: length, found: 1)) {
            try Self.read(Self.method, Self.section(Number.key, length: length))
        }
    }

    @Test func flags() throws {
        for flags: UInt64 in [2, 3, 0x100, 0xFFFF] {
            #expect(throws: WireError.malformed("unknown flags of section 6")) {
                try Self.read(Self.method, Self.section(Number.key, flags: flags))
            }
        }
        #expect(throws: WireError.malformed("unknown flags of section 6")) {
            try Self.read(Self.method, Self.section(Number.key, zeros: 1))
        }
        #expect(throws: WireError.malformed("the section key must not be optional")) {
            try Self.read(Self.method, Self.section(Number.key, flags: 1))
        }
    }

    /// Of a later release: left out where it says so, and refused otherwise.
    @Test func unknown() throws {
        let sections = try Self.read(
            Self.method, Self.section(5, [1, 2, 3], flags: 1), Self.key,
            Self.section(.max, [], flags: 1))
        #expect(sections[5] == nil && sections[.max] == nil && sections[Number.key] == [7])
        for number: UInt16 in [0, 2, 5, 7, 9, 200, .max] {
            let parts = [Self.method, Self.key, Self.section(number)].sorted {
                Envelope.integer($0[..<2]) < Envelope.integer($1[..<2])
            }
            #expect(throws: WireError.unknownSection(Int(number), of: .secretKey)) {
                try Sections(parts.flatMap { $0 }[...], kind: .secretKey)
            }
        }
        let limit = 1 << 20
        _ = try Self.read(
            Self.method, Self.key, Self.section(200, [UInt8](repeating: 0, count: limit), flags: 1))
        #expect(throws: WireError.unknownSection(200, of: .secretKey)) {
            try Self.read(
                Self.method, Self.key,
                Self.section(200, [UInt8](repeating: 0, count: limit + 1), flags: 1))
        }
    }

    @Test func reserved() throws {
        var names: Set<String> = []
        for kind in EnvelopeTests.kinds {
            for rule in SectionRule.all(of: kind) where rule.isReserved {
                names.insert("\(kind.name): \(rule.name)")
                let payload = SectionRule.all(of: kind)
                    .filter { $0.isRequired || $0.number == rule.number }
                    .flatMap { Self.section($0.number) }
                #expect(throws: WireError.reservedSection(rule.name, of: kind)) {
                    try Sections(payload[...], kind: kind)
                }
            }
        }
        #expect(
            names == [
                "evaluation key: public key"
            ])
    }

    /// A protected key stands in the place of a key, never beside it.
    @Test func substitutes() throws {
        let protected = Self.section(Number.protectedKey)
        let sections = try Self.read(Self.method, protected)
        #expect(sections[Number.key] == nil && sections[Number.protectedKey] == [7])
        #expect(throws: WireError.malformed("the section key beside what replaces it")) {
            try Self.read(Self.method, Self.key, protected)
        }
        #expect(throws: WireError.malformed("the section key is missing")) {
            try Self.read(Self.method)
        }
        #expect(throws: WireError.malformed("the section method is missing")) {
            try Self.read(protected)
        }
    }

    @Test func limits() throws {
        let limit = 256
        let most = [UInt8](repeating: 1, count: limit)
        #expect(
            try Self.read(Self.section(Number.method, most), Self.key)[Number.method] == most[...])
        let error = WireError.sectionTooLarge("method", bytes: UInt64(limit + 1), limit: limit)
        #expect(throws: error) { try Self.read(Self.section(Number.method, most + [1]), Self.key) }
        // What is too long to be read is not written.
        #expect(throws: error) {
            try Envelope.seal(
                [(Number.method, most + [1]), (Number.key, [])], kind: .secretKey,
                digest: Envelope.digest(of: []))
        }
    }
}
