// SPDX-License-Identifier: Apache-2.0

import Files
import TestSupport
import Testing
import Wire

/// Random damage, with checksums made right again: a typed error or what was written, never a trap.
@Suite struct WireMutationTests {
    /// Changes bytes at one place.
    static func mutate(_ bytes: inout [UInt8], _ generator: inout SplitMix64) {
        guard !bytes.isEmpty else { return }
        let at = Int.random(in: 0..<bytes.count, using: &generator)
        let end = min(bytes.count, at + Int.random(in: 1...64, using: &generator))
        switch Int.random(in: 0..<7, using: &generator) {
        case 0: bytes[at] = .random(in: 0...255, using: &generator)
        case 1: bytes[at] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
        case 2: bytes[at] = [0, 1, 0x7F, 0x80, 0xFF].randomElement(using: &generator)!
        case 3: bytes.remove(at: at)
        case 4: bytes.insert(.random(in: 0...255, using: &generator), at: at)
        case 5: bytes.insert(contentsOf: bytes[at..<end], at: at)
        default: bytes.removeSubrange(at..<end)
        }
    }

    @Test(arguments: EnvelopeTests.kinds) func sections(kind: ArtifactKind) throws {
        let whole = try EnvelopeTests.file(kind)
        let payload = Array(try Envelope.open(whole).payload)
        var generator = SplitMix64(seed: 0x5EC7 + UInt64(kind.rawValue))
        var accepted = 0
        for _ in 0..<5000 {
            var changed = payload
            for _ in 0...Int.random(in: 0..<3, using: &generator) {
                Self.mutate(&changed, &generator)
            }
            let header = Envelope.header(
                kind: kind, digest: Envelope.digest(of: []), payloadLength: changed.count)
            let bytes = header + changed + Envelope.digest(of: header + changed)
            do {
                let sections = try Envelope.open(bytes, expecting: kind).sections()
                for rule in SectionRule.all(of: kind) where rule.isRequired {
                    #expect(sections.required(rule.number).count <= rule.limit)
                }
                accepted += 1
            } catch {
                #expect(error is WireError, "\(error)")
            }
        }
        // Those that hit the insides of a section, else only one check was tested.
        #expect(accepted > 500, "\(kind)")
    }

    @Test(arguments: GroupHeadTests.kinds, Way.allCases)
    func groups(kind: ArtifactKind, way: Way) throws {
        let groups = try Groups.make(kind)
        var generator = SplitMix64(seed: 0x6209 + UInt64(kind.rawValue))
        var accepted = 0
        for _ in 0..<5000 {
            var parts = groups.parts
            let index = Int.random(in: 0..<parts.count, using: &generator)
            Self.mutate(&parts[index], &generator)
            if parts[index].count > Envelope.checksumLength { parts[index] = parts[index].resealed }
            do {
                // A stream ends where a group says that it is the last.
                let count = try way.read(parts.flatMap { $0 }, Groups.form(kind)).count
                #expect(way == .file ? count == 3 : (1...3).contains(count))
                accepted += 1
            } catch {
                #expect(error is WireError, "\(error)")
            }
        }
        // Those that hit a body or an identifier.
        #expect(accepted > 200, "\(kind)")
    }
}
