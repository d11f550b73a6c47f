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
    public let payloadBytes: Int
    public let details: [(name: String, value: String)]
}

extension Artifact {
    /// Says what a file is without needing its plan. Checks magic, version, length and checksum.
    public static func inspect(_ bytes: [UInt8]) throws -> ArtifactSummary {
        let envelope = try Envelope.open(bytes)
        return ArtifactSummary(
            kind: envelope.kind.name, version: envelope.version,
            digest: Envelope.hexadecimal(envelope.digest), payloadBytes: envelope.payload.count,
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
