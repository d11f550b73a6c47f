import Files
import Foundation
import Inference
import NeuralNetwork
import Paillier
import SwiftProtobuf

/// Files of linear networks under Paillier.
extension Artifact {
    // MARK: Plans

    /// - Parameters:
    ///   - model: the bytes of the ONNX file that the plan was made from.
    ///   - isQuantized: as in `encode(_:model:isQuantized:)` of other plans.
    public static func encode(
        _ plan: LinearPlan, model: [UInt8], isQuantized: Bool = false
    ) throws -> [UInt8] {
        guard try isQuantized || ONNXModel.load(model).integerNetwork() == plan.network else {
            throw WireError.malformed("the plan was made from another model")
        }
        var message = Blindsight_V1_LinearServerPlanMessage()
        message.model = .init(model)
        message.keyBits = UInt32(plan.client.keySize.bits)
        if isQuantized { message.network = .init(plan.network) }
        let payload: [UInt8] = try message.serializedBytes()
        try check(payload, .linearServerPlan)
        return Envelope.seal(
            payload, kind: .linearServerPlan, digest: try digest(of: plan.client))
    }

    /// Lowers the model again, or takes the network from the file, and makes the plan anew, bounds included.
    public static func decodeLinearPlan(
        _ bytes: [UInt8]
    ) throws -> (plan: LinearPlan, model: ONNXModel) {
        try decodeLinearPlan(bytes, allowInsecure: false)
    }

    package static func decodeLinearPlan(
        _ bytes: [UInt8], allowInsecure: Bool
    ) throws -> (plan: LinearPlan, model: ONNXModel) {
        let envelope = try Envelope.open(bytes, expecting: .linearServerPlan)
        try requireSmallPlan(envelope)
        let message: Blindsight_V1_LinearServerPlanMessage = try parse(envelope)
        let model = try ONNXModel.load([UInt8](message.model))
        let network =
            message.hasNetwork ? try message.network.network() : try model.integerNetwork()
        for label in network.labels { try PlanChecks.check(text: label, "a label") }
        let plan = try LinearPlan(
            network,
            keySize: PaillierKeySize(wireBits: message.keyBits, allowInsecure: allowInsecure))
        let digest = try digest(of: plan.client)
        guard digest == envelope.digest else {
            throw WireError.rebuiltPlanDiffers(
                expected: Envelope.hexadecimal(envelope.digest),
                found: Envelope.hexadecimal(digest))
        }
        return (plan, model)
    }

    public static func encode(_ plan: LinearClientPlan) throws -> [UInt8] {
        let payload = try payload(of: plan)
        return Envelope.seal(
            payload, kind: .linearClientPlan, digest: Envelope.digest(of: payload))
    }

    public static func decodeLinearClientPlan(_ bytes: [UInt8]) throws -> LinearClientPlan {
        try decodeLinearClientPlan(bytes, allowInsecure: false)
    }

    package static func decodeLinearClientPlan(
        _ bytes: [UInt8], allowInsecure: Bool
    ) throws -> LinearClientPlan {
        let envelope = try Envelope.open(bytes, expecting: .linearClientPlan)
        let message: Blindsight_V1_LinearClientPlanMessage = try parse(envelope)
        let plan = try message.plan(allowInsecure: allowInsecure)
        try requireCanonical(envelope, payload(of: plan))
        return plan
    }

    // MARK: Keys

    /// The bytes are the secret: wipe them after use, write them with `ArtifactFile.write(isSecret:)`.
    public static func encodeSecretKey(of client: LinearClient) throws -> [UInt8] {
        var payload = client.secretKey.secretBytes()
        defer { payload.wipe() }
        return Envelope.seal(
            payload, kind: .linearSecretKey, digest: try digest(of: client.plan))
    }

    public static func decodeLinearClient(
        secretKey bytes: [UInt8], plan: LinearClientPlan, threads: Int = 1
    ) throws -> LinearClient {
        let envelope = try Envelope.open(bytes, expecting: .linearSecretKey)
        try envelope.requirePlan(digest(of: plan))
        var payload = Array(envelope.payload)
        defer { payload.wipe() }
        return try LinearClient(
            plan: plan,
            secretKey: PaillierSecretKey(
                bytes: payload, allowsInsecure: plan.keySize.isInsecure), threads: threads)
    }

    public static func encode(
        _ key: PaillierPublicKey, plan: LinearClientPlan
    ) throws -> [UInt8] {
        Envelope.seal(key.bytes, kind: .linearPublicKey, digest: try digest(of: plan))
    }

    public static func decodePublicKey(
        _ bytes: [UInt8], plan: LinearClientPlan
    ) throws -> PaillierPublicKey {
        let envelope = try Envelope.open(bytes, expecting: .linearPublicKey)
        try envelope.requirePlan(digest(of: plan))
        let key = try PaillierPublicKey(
            bytes: Array(envelope.payload), allowsInsecure: plan.keySize.isInsecure)
        guard key.size == plan.keySize else { throw InferenceError.wrongParameters }
        return key
    }

    // MARK: Ciphertexts

    public static func encode(
        _ request: LinearRequest, plan: LinearClientPlan
    ) throws -> [UInt8] {
        try seal(
            .init(sampleCount: request.sampleCount, request.ciphertexts), .linearRequest, plan)
    }

    public static func decodeLinearRequest(
        _ bytes: [UInt8], plan: LinearClientPlan, publicKey: PaillierPublicKey
    ) throws -> LinearRequest {
        let (count, vector) = try open(
            bytes, .linearRequest, plan, perGroup: plan.input.count, publicKey)
        return LinearRequest(sampleCount: count, ciphertexts: vector)
    }

    public static func encode(_ reply: LinearReply, plan: LinearClientPlan) throws -> [UInt8] {
        try seal(.init(sampleCount: reply.sampleCount, reply.ciphertexts), .linearReply, plan)
    }

    public static func decodeLinearReply(
        _ bytes: [UInt8], plan: LinearClientPlan, publicKey: PaillierPublicKey
    ) throws -> LinearReply {
        let (count, vector) = try open(
            bytes, .linearReply, plan, perGroup: plan.outputCount, publicKey)
        return LinearReply(sampleCount: count, ciphertexts: vector)
    }

    private static func seal(
        _ message: Blindsight_V1_LinearVectorMessage, _ kind: ArtifactKind,
        _ plan: LinearClientPlan
    ) throws -> [UInt8] {
        let payload: [UInt8] = try message.serializedBytes()
        try check(payload, kind)
        return Envelope.seal(payload, kind: kind, digest: try digest(of: plan))
    }

    private static func open(
        _ bytes: [UInt8], _ kind: ArtifactKind, _ plan: LinearClientPlan, perGroup: Int,
        _ key: PaillierPublicKey
    ) throws -> (sampleCount: Int, EncryptedVector) {
        let envelope = try Envelope.open(bytes, expecting: kind)
        try envelope.requirePlan(digest(of: plan))
        let message: Blindsight_V1_LinearVectorMessage = try parse(envelope)
        return (
            Int(message.sampleCount), try message.vector(plan, perGroup: perGroup, key: key)
        )
    }

    // MARK: What a file is

    static func linearDetails(
        _ envelope: Envelope
    ) throws -> [(name: String, value: String)] {
        switch envelope.kind {
        case .linearServerPlan:
            try requireSmallPlan(envelope)
            let message: Blindsight_V1_LinearServerPlanMessage = try parse(envelope)
            return [
                ("key bits", "\(message.keyBits)"), ("model bytes", "\(message.model.count)"),
            ]
        case .linearClientPlan:
            try envelope.requirePlan(Envelope.digest(of: Array(envelope.payload)))
            let message: Blindsight_V1_LinearClientPlanMessage = try parse(envelope)
            let plan = try message.plan(allowInsecure: true)
            return [
                ("key bits", "\(plan.keySize.bits)"),
                ("input shape", plan.input.shape.map(String.init).joined(separator: " x ")),
                ("labels", "\(plan.reading.labels.count)"),
                ("samples a ciphertext", "\(plan.slotCount)"),
                ("bits a slot", "\(plan.slotBits)"),
            ]
        case .linearRequest, .linearReply:
            let message: Blindsight_V1_LinearVectorMessage = try parse(envelope)
            return [
                ("samples", "\(message.sampleCount)"),
                ("ciphertext bytes", "\(message.ciphertexts.count)"),
            ]
        default: return []
        }
    }

    // MARK: Digests

    /// SHA-256 of the client plan's payload, in hexadecimal.
    public static func planDigest(_ plan: LinearClientPlan) throws -> String {
        Envelope.hexadecimal(try digest(of: plan))
    }

    static func digest(of plan: LinearClientPlan) throws -> [UInt8] {
        Envelope.digest(of: try payload(of: plan))
    }

    private static func payload(of plan: LinearClientPlan) throws -> [UInt8] {
        try Blindsight_V1_LinearClientPlanMessage(plan).serializedBytes()
    }

    /// What is too long to be read is not written.
    static func check(_ payload: [UInt8], _ kind: ArtifactKind) throws {
        guard payload.count <= kind.maximumPayloadBytes else {
            throw WireError.tooLarge(
                kind, bytes: UInt64(payload.count), limit: kind.maximumPayloadBytes)
        }
    }
}

extension PaillierKeySize {
    var isInsecure: Bool {
        if case .insecure = self { true } else { false }
    }
}

extension Artifact {
    /// The kind that a file's first bytes name. Nothing else of it is checked.
    /// - Throws: `FileError`, `WireError`.
    public static func kind(ofFileAt path: String) throws -> ArtifactKind {
        let file = try RegularFile(path)
        let head = try file.bytes(min(12, file.count), at: 0)
        guard head.count == 12, Array(head[..<8]) == Array(Envelope.magicText.utf8) else {
            throw WireError.notAnArtifact
        }
        let code = UInt16(head[10]) | UInt16(head[11]) << 8
        guard let kind = ArtifactKind(rawValue: code) else {
            throw WireError.unknownKind(Int(code))
        }
        return kind
    }
}
