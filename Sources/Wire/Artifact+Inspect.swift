import Files
import Inference
import NeuralNetwork
import RLWE
import SwiftProtobuf

/// What a file is. Nothing secret.
public struct ArtifactSummary: Sendable {
    public let kind: String
    public let version: Int
    /// Of the plan that it belongs to, in hexadecimal.
    public let digest: String
    public let fileBytes: Int
    /// Of all groups, where there are several.
    public let payloadBytes: Int
    public let details: [(name: String, value: String)]
}

extension Artifact {
    /// Says what a file is without needing its plan. Checks magic, version, lengths and checksums, and of groups their order. A file of
    /// groups may be unfinished.
    public static func inspect(path: String) throws -> ArtifactSummary {
        let file = try RegularFile(path)
        let head = try file.bytes(min(file.count, Envelope.headerLength), at: 0)
        if head.count == Envelope.headerLength {
            let kind = try Envelope.Header(head[...]).kind
            switch kind {
            case .batchRequest:
                return try inspect(
                    GroupFile<Blindsight_V1_BatchRequestHeader>(
                        file, GroupForm(anyPlan: kind), allowsMissing: true), kind)
            case .batchReply:
                return try inspect(
                    GroupFile<Blindsight_V1_BatchReplyHeader>(
                        file, GroupForm(anyPlan: kind), allowsMissing: true), kind)
            default: break
            }
        }
        var bytes = try ArtifactFile.read(path)
        // It may be a secret key.
        defer { bytes.wipe() }
        return try inspect(bytes)
    }

    private static func inspect(
        _ file: GroupFile<some GroupHeader>, _ kind: ArtifactKind
    ) throws -> ArtifactSummary {
        guard let first = file.first else {
            throw WireError.malformed("the file ends within group 0")
        }
        for index in file.groups.indices { try file.verify(index) }
        let isWhole = file.groups.count == file.groupCount && file.end == file.file.count
        return ArtifactSummary(
            kind: kind.name, version: first.version,
            digest: Envelope.hexadecimal(first.digest), fileBytes: file.file.count,
            payloadBytes: file.groups.reduce(0) {
                $0 + $1.head.count - Envelope.headerLength + $1.bodyLength
            },
            details: [
                (
                    "groups",
                    isWhole
                        ? "\(file.groupCount)"
                        : "\(file.groups.count) of \(file.groupCount), unfinished"
                ),
                ("samples", "\(file.sampleCount)"),
                ("samples in the last group", "\(file.groups.last?.header.sampleCount ?? 0)"),
            ])
    }

    /// Says what a file is without needing its plan. Checks magic, version, length and checksum.
    public static func inspect(_ bytes: [UInt8]) throws -> ArtifactSummary {
        let envelope = try Envelope.open(bytes)
        return ArtifactSummary(
            kind: envelope.kind.name, version: envelope.version,
            digest: Envelope.hexadecimal(envelope.digest), fileBytes: bytes.count,
            payloadBytes: envelope.payload.count,
            details: try details(envelope))
    }

    private static func details(_ envelope: Envelope) throws -> [(name: String, value: String)] {
        switch envelope.kind {
        case .serverPlan:
            try requireSmallPlan(envelope)
            let message: Blindsight_V1_ServerPlanMessage = try parse(envelope)
            return try parameters(message.choices.parameters)
                + [("model bytes", "\(message.model.count)")]
        case .clientPlan:
            try envelope.requirePlan(Envelope.digest(of: Array(envelope.payload)))
            let message: Blindsight_V1_ClientPlanMessage = try parse(envelope)
            return try parameters(message.parameters) + [
                ("layout", message.layout.isEmpty ? "latency" : message.layout),
                ("input shape", message.input.shape.map(String.init).joined(separator: " x ")),
                ("labels", "\(message.labels.count)"),
                ("rotation keys", "\(message.keys.rotations.count)"),
                ("request bytes", "\(message.cost.requestBytes)"),
                ("reply bytes", "\(message.cost.replyBytes)"),
                ("evaluation key bytes", "\(message.cost.evaluationKeyBytes)"),
            ]
        case .secretKey: return []
        case .evaluationKey:
            let count = try PayloadFields.entryCount(envelope.payload)
            return [("switching keys", "\(count)"), ("seeded", "yes")]
        case .request:
            let count = try PayloadFields.entryCount(envelope.payload)
            return [("ciphertexts", "\(count)"), ("seeded", "yes")]
        case .reply:
            return [("ciphertexts", "\(try PayloadFields.entryCount(envelope.payload))")]
        case .batchRequest, .batchReply: return []
        case .linearServerPlan, .linearClientPlan, .linearSecretKey, .linearPublicKey,
            .linearRequest, .linearReply:
            return try linearDetails(envelope)
        }
    }

    private static func parameters(
        _ message: Blindsight_V1_ParametersMessage
    ) throws -> [(name: String, value: String)] {
        let parameters = try message.parameters(allowInsecure: true)
        let security =
            parameters.security == .insecure ? "insecure" : "\(parameters.security.rawValue) bits"
        return [
            ("ring degree N", "\(parameters.degree)"),
            ("log2 Q", "\(parameters.ciphertextModulus.bitLength)"),
            ("log2 QP", "\(parameters.keyModulus.bitLength)"),
            (
                "plaintext moduli",
                parameters.plaintextModuli.map(String.init).joined(separator: ", ")
            ),
            ("security", security),
        ]
    }
}
