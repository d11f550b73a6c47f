// SPDX-License-Identifier: Apache-2.0

import Inference
import InferenceClient
import SwiftProtobuf
import Testing
import Wire

/// What someone writes who changes a file and makes all its digests right again.
extension Fixture {
    typealias Number = SectionRule.Number

    /// The sections of a file.
    static func sections(_ bytes: [UInt8]) throws -> [UInt16: [UInt8]] {
        let envelope = try Envelope.open(bytes)
        let sections = try envelope.sections()
        return Dictionary(
            uniqueKeysWithValues: SectionRule.all(of: envelope.kind).compactMap { rule in
                sections[rule.number].map { (rule.number, Array($0)) }
            })
    }

    /// The kind's file with other sections: checksum, plan digest and proof are right.
    func resealed(
        _ kind: ArtifactKind, _ change: (inout [UInt16: [UInt8]]) throws -> Void
    ) throws -> [UInt8] {
        var sections = try Self.sections(bytes(kind))
        try change(&sections)
        return try Self.sealed(sections, kind, digest: Envelope.open(bytes(kind)).digest)
    }

    /// - Parameter digest: of the plan or of the key set; a plan's is found anew.
    static func sealed(
        _ sections: [UInt16: [UInt8]], _ kind: ArtifactKind, digest: [UInt8],
        proof: [UInt8]? = nil
    ) throws -> [UInt8] {
        var sections = sections
        if kind == .serverPlan, sections[Number.proof] != nil {
            sections[Number.proof] = proof ?? self.proof(sections)
        }
        let sorted = sections.sorted { $0.key < $1.key }.map { (number: $0.key, bytes: $0.value) }
        func seal(_ digest: [UInt8]) throws -> [UInt8] {
            try Envelope.seal(sorted, kind: kind, digest: digest)
        }
        switch kind {
        case .clientPlan:
            return try seal(
                Envelope.digest(
                    of: sorted.flatMap {
                        Section.head($0.number, length: $0.bytes.count) + $0.bytes
                    }))
        case .serverPlan:
            // Only who lays out the plan knows the digest of its client's half; the reader tells.
            do {
                _ = try Plan(serialized: seal(digest), allowInsecure: true)
            } catch WireError.wrongPlan(let expected, _) {
                return try seal(Self.bytes(ofHexadecimal: expected))
            } catch {}
            return try seal(digest)
        default: return try seal(digest)
        }
    }

    /// What stands for the proof of a server plan, as docs/Formats.md has it.
    static func proof(_ sections: [UInt16: [UInt8]]) -> [UInt8] {
        Envelope.digest(
            of: Array("proof 1".utf8)
                + sections.filter { $0.key != Number.proof }.sorted { $0.key < $1.key }
                .flatMap { Envelope.digest(of: [UInt8($0.key)] + $0.value) })
    }

    private static func bytes(ofHexadecimal text: String) -> [UInt8] {
        stride(from: 0, to: text.utf8.count, by: 2).map { at in
            let start = text.index(text.startIndex, offsetBy: at)
            return UInt8(text[start..<text.index(start, offsetBy: 2)], radix: 16)!
        }
    }

    /// The kind's file with another message in its plan's section.
    func resealed(
        plan kind: ArtifactKind, _ change: (inout Blindsight_V6_PlanMessage) -> Void
    ) throws -> [UInt8] {
        try resealed(kind) { sections in
            try Self.change(&sections[Number.plan]!, change)
        }
    }

    /// The kind's file with another message in its method's section, behind the method's name.
    func resealed<M: Message>(
        method kind: ArtifactKind, _ change: (inout M) -> Void
    ) throws -> [UInt8] {
        try resealed(kind) { try Self.changeMethod(&$0, change) }
    }

    static func changeMethod<M: Message>(
        _ sections: inout [UInt16: [UInt8]], _ change: (inout M) -> Void
    ) throws {
        let section = sections[Number.method]!
        let name = Array(section[...Int(section[0])])
        var message = Array(section[name.count...])
        try Self.change(&message, change)
        sections[Number.method] = name + message
    }

    /// A server plan with another network.
    func resealed(network change: (inout Blindsight_V6_NetworkMessage) -> Void) throws -> [UInt8] {
        try resealed(.serverPlan) { sections in
            try Self.change(&sections[Number.network]!, change)
        }
    }

    /// Another message in place of the one that the bytes are.
    static func change<M: Message>(
        _ bytes: inout [UInt8], _ change: (inout M) -> Void
    ) throws {
        var message = try M(serializedBytes: bytes)
        change(&message)
        bytes = try message.serializedBytes()
    }

    // MARK: Groups

    /// A file's groups, envelopes and all.
    static func groups(_ bytes: [UInt8]) -> [[UInt8]] {
        var rest = bytes[...]
        var groups: [[UInt8]] = []
        while !rest.isEmpty {
            let length = Int(Envelope.integer(rest.dropFirst(48).prefix(8)))
            let size = Envelope.headerLength + length + Envelope.checksumLength
            groups.append(Array(rest.prefix(size)))
            rest = rest.dropFirst(size)
        }
        return groups
    }

    /// A group with other bytes from its head on, its checksum right.
    static func resealed(
        group: [UInt8], _ change: (inout [UInt8]) throws -> Void
    ) rethrows -> [UInt8] {
        var content = Array(group.dropLast(Envelope.checksumLength))
        try change(&content)
        return content + Envelope.digest(of: content)
    }
}
