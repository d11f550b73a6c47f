// SPDX-License-Identifier: Apache-2.0

import Inference
import InferenceClient
import Wire

/// Makes of any bytes a file whose envelope is right: magic, version, kind, digests, lengths and checksums.
package enum Seal {
    private static let overhead = Envelope.headerLength + Envelope.checksumLength

    /// - Parameter party: whose digests are put in.
    package static func sealed(_ bytes: [UInt8], as kind: ArtifactKind, party: Party) -> [UInt8] {
        guard kind.hasGroups else {
            let payload = Array(
                bytes.dropFirst(Envelope.headerLength).dropLast(Envelope.checksumLength))
            return sealed(payload: lengthsFitted(payload), as: kind, party: party)
        }
        var groups: [[UInt8]] = []
        var rest = bytes[...]
        while rest.count >= overhead, groups.count < 8 {
            let announced = Envelope.integer(rest.dropFirst(48).prefix(8))
            let length = Int(min(announced, UInt64(rest.count - overhead)))
            groups.append(Array(rest.prefix(Envelope.headerLength + length)))
            rest = rest.dropFirst(overhead + length)
        }
        return groups.flatMap { group in
            // A group's head keeps its digest, which says what it answers, where it isn't made right.
            let payload = Array(group.dropFirst(Envelope.headerLength))
            let digest = Array(group.dropFirst(16).prefix(32))
            let content =
                Envelope.header(kind: kind, digest: digest, payloadLength: payload.count) + payload
            return content + Envelope.digest(of: content)
        }
    }

    /// Sections whose lengths are cut to what is there; the last one takes all that is left.
    private static func lengthsFitted(_ payload: [UInt8]) -> [UInt8] {
        var out = payload
        var done = 0
        while out.count - done >= Section.headLength {
            let left = out.count - done - Section.headLength
            let announced = Envelope.integer(out[done + 8..<done + 16])
            var length = Int(min(announced, UInt64(left)))
            // What is too short to be another section belongs to this one.
            if left - length < Section.headLength { length = left }
            out.replaceSubrange(
                done + 8..<done + 16, with: Envelope.littleEndian(UInt64(length), bytes: 8))
            done += Section.headLength + length
        }
        return out
    }

    private static func sealed(
        payload: [UInt8], as kind: ArtifactKind, party: Party
    ) -> [UInt8] {
        func file(_ payload: [UInt8], _ digest: [UInt8]) -> [UInt8] {
            let content =
                Envelope.header(kind: kind, digest: digest, payloadLength: payload.count) + payload
            return content + Envelope.digest(of: content)
        }
        switch kind {
        case .clientPlan: return file(payload, Envelope.digest(of: payload))
        case .serverPlan:
            let payload = proven(payload)
            // Only who lays out the plan knows the digest of its client's half; the reader tells.
            do {
                _ = try Plan(
                    serialized: file(payload, party.plan.client.digest), allowInsecure: true)
            } catch WireError.wrongPlan(let expected, _) {
                return file(payload, bytes(ofHexadecimal: expected))
            } catch {}
            return file(payload, party.plan.client.digest)
        default: return file(payload, party.digest(kind))
        }
    }

    /// A server plan with the proof of its sections, where it says that it has one, as docs/Formats.md has it.
    private static func proven(_ payload: [UInt8]) -> [UInt8] {
        guard
            let ranges = try? Sections.ranges(
                payload.count, kind: .serverPlan,
                head: { payload[$0..<$0 + Section.headLength] }),
            let proof = ranges[SectionRule.Number.proof], proof.count == 32
        else { return payload }
        let digests = ranges.filter { $0.key != SectionRule.Number.proof }.sorted {
            $0.key < $1.key
        }
        .flatMap { Envelope.digest(of: [UInt8($0.key)] + payload[$0.value]) }
        var out = payload
        out.replaceSubrange(proof, with: Envelope.digest(of: Array("proof 1".utf8) + digests))
        return out
    }

    private static func bytes(ofHexadecimal text: String) -> [UInt8] {
        let digits = text.utf8.compactMap { UInt8(String(UnicodeScalar($0)), radix: 16) }
        return stride(from: 0, to: digits.count - 1, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
    }
}
