// SPDX-License-Identifier: Apache-2.0

import BigIntegers
import Files
import InferenceClient
import Wire

/// What a file is. Nothing secret.
package struct ArtifactSummary: Sendable {
    package let kind: String
    package let version: Int
    /// What the digest is of: a plan, or a key set.
    package let digestName: String
    /// In hexadecimal.
    package let digest: String
    package let fileBytes: Int
    package let details: [(name: String, value: String)]

    /// Says what a file is without needing its plan. Checks magic, version, lengths and checksums, and of groups their
    /// order. A file of groups may be unfinished.
    /// - Throws: `FileError`, `WireError`, and what a plan's reader throws.
    package init(path: String) throws {
        let file = try RegularFile(path)
        guard file.count >= Envelope.headerLength else { throw WireError.notAnArtifact }
        let header = try Envelope.Header(
            file.bytes(Envelope.headerLength, at: 0)[...])
        fileBytes = file.count
        kind = header.kind.name
        version = Int(Envelope.version)
        digest = Envelope.hexadecimal(header.digest)
        let isKey = header.kind == .secretKey || header.kind == .evaluationKeys
        digestName = isKey ? "key set digest" : "plan digest"
        if header.kind.hasGroups {
            details = try Self.details(of: file, header.kind)
            return
        }
        if header.kind == .evaluationKeys {
            details = [("method", try Self.method(ofKeys: file).rawValue)]
            return
        }
        var bytes = try Envelope.bytes(of: file, expecting: header.kind)
        // It may be a secret key.
        defer { bytes.wipe() }
        details = try Self.details(of: bytes, header.kind)
    }

    private static func details(
        of file: RegularFile, _ kind: ArtifactKind
    ) throws -> [(name: String, value: String)] {
        let groups = try GroupFile(file, GroupForm(anyPlan: kind), allowsMissing: true)
        guard let last = groups.groups.last else {
            throw WireError.malformed("the file ends within group 0")
        }
        for index in groups.groups.indices { try groups.verify(index) }
        let isWhole = groups.groups.count == groups.groupCount && groups.end == file.count
        return [
            (
                "groups",
                isWhole
                    ? "\(groups.groupCount)"
                    : "\(groups.groups.count) of \(groups.groupCount), unfinished"
            ),
            ("samples", "\(groups.sampleCount)"),
            ("samples in the last group", "\(last.head.sampleCount)"),
        ]
    }

    private static func details(
        of bytes: [UInt8], _ kind: ArtifactKind
    ) throws -> [(name: String, value: String)] {
        switch kind {
        case .clientPlan:
            return details(of: try ClientPlan(serialized: bytes, allowInsecure: true))
        case .serverPlan:
            let plan = try Plan(serialized: bytes, allowInsecure: true)
            return details(of: plan.client) + [
                ("layers", "\(plan.network.operations.count)"),
                ("model bytes", "\(plan.model?.count ?? 0)"),
            ]
        case .secretKey:
            let file = try SecretKeyFile(bytes)
            return [
                ("method", try MethodName(section: file.method).rawValue),
                ("protection", try file.protection()?.text ?? "none"),
            ]
        case .evaluationKeys, .request, .reply: return []
        }
    }

    /// Checks keys, which may be gigabytes, piece by piece.
    private static func method(ofKeys file: RegularFile) throws -> MethodName {
        let set = try EvaluationKeySet(reading: file)
        guard case .encoded(let keys) = set.material else { return set.method }
        try keys.reader().whole { reader in
            let piece = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 18, alignment: 16)
            defer { piece.deallocate() }
            while reader.remaining > 0 {
                try reader.read(
                    into: UnsafeMutableRawBufferPointer(
                        rebasing: piece[..<min(piece.count, reader.remaining)]))
            }
        }
        return set.method
    }

    private static func details(of plan: ClientPlan) -> [(name: String, value: String)] {
        var out = [
            (name: "method", value: plan.methodName.rawValue),
            (name: "key set digest", value: Envelope.hexadecimal(plan.keySetDigest)),
            (
                name: "security",
                value: plan.certificate.securityBits == 0
                    ? "insecure" : "\(plan.certificate.securityBits) bits"
            ),
            (
                name: "input shape",
                value: plan.input.shape.map(String.init).joined(separator: " x ")
            ),
            (name: "outputs", value: "\(plan.outputCount)"),
            (name: "samples a group", value: "\(plan.samplesPerGroup)"),
            (name: "request bytes", value: "\(plan.cost.requestBytes)"),
            (name: "reply bytes", value: "\(plan.cost.replyBytes)"),
            (name: "evaluation key bytes", value: "\(plan.cost.evaluationKeyBytes)"),
        ]
        for entry in plan.report where entry.section == .certificate {
            guard let title = entry.title else { continue }
            out.append((name: title, value: entry.text ?? "\(entry.value.plain)"))
        }
        return out
    }
}

extension ReportEntry.Value {
    /// Without a unit.
    fileprivate var plain: String {
        switch self {
        case .text(let text): text
        case .count(let count), .bytes(let count): "\(count)"
        case .bits(let number), .seconds(let number): "\(number)"
        case .integers(let integers): integers.joined(separator: ", ")
        case .numbers(let numbers): numbers.map { "\($0)" }.joined(separator: ", ")
        case .flag(let flag): flag ? "yes" : "no"
        }
    }
}
