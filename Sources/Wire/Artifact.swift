import BigIntegers
import Inference
import NeuralNetwork
import RLWE
import SwiftProtobuf

/// Files to values and back. Every `decode` treats its bytes as hostile: it throws a `WireError` (or the
/// parameters', network's or plan's own typed error) that says what is wrong, and never traps.
public enum Artifact {
    // MARK: Plans

    /// server.plan.
    /// - Parameters:
    ///   - model: the bytes of the ONNX file that the plan was made from.
    ///   - isQuantized: whether the network was quantized for the plan; the file then holds it. Else it is the one that the
    ///     model states.
    /// - Throws: `ONNXError`, or `WireError.malformed` where it is another model.
    public static func encode(
        _ plan: Plan, model: [UInt8], isQuantized: Bool = false
    ) throws -> [UInt8] {
        let onnx = try ONNXModel.load(model)
        guard try isQuantized || onnx.integerNetwork() == plan.network else {
            throw WireError.malformed("the plan was made from another model")
        }
        let digest = try digest(of: plan.client)
        let payload: [UInt8] = try Blindsight_V1_ServerPlanMessage(
            plan, model: model, network: isQuantized ? plan.network : nil
        ).serializedBytes()
        try check(payload, .serverPlan)
        return Envelope.seal(payload, kind: .serverPlan, digest: digest)
    }

    /// Lowers the model again, or takes the network that it was quantized to from the file, and proves the certificate's noise and security anew. The bounds of the outputs are
    /// taken from the file.
    /// - Throws: also `ONNXError`, and `PlanError` where plan and model don't agree.
    public static func decodePlan(_ bytes: [UInt8]) throws -> (plan: Plan, model: ONNXModel) {
        try decodePlan(bytes, allowInsecure: false)
    }

    package static func decodePlan(
        _ bytes: [UInt8], allowInsecure: Bool
    ) throws -> (plan: Plan, model: ONNXModel) {
        let envelope = try Envelope.open(bytes, expecting: .serverPlan)
        try requireSmallPlan(envelope)
        let message: Blindsight_V1_ServerPlanMessage = try parse(envelope)
        try PlanChecks.check(text: message.certificate.boundMethod, "the bound method")
        let model = try ONNXModel.load([UInt8](message.model))
        let network =
            message.hasNetwork ? try message.network.network() : try model.integerNetwork()
        for label in network.labels { try PlanChecks.check(text: label, "a label") }
        let plan = try Plan(
            network: network, choices: message.choices.choices(allowInsecure: allowInsecure),
            outputBounds: message.certificate.bounds(count: network.outputCount),
            boundMethod: message.certificate.boundMethod,
            rangeIsProven: !message.certificate.rangeIsCalibrated)
        let digest = try digest(of: plan.client)
        guard digest == envelope.digest else {
            throw WireError.rebuiltPlanDiffers(
                expected: Envelope.hexadecimal(envelope.digest),
                found: Envelope.hexadecimal(digest))
        }
        return (plan, model)
    }

    /// All but model and network must be short: its many small messages would take more memory than bytes.
    static func requireSmallPlan(_ envelope: Envelope) throws {
        var others = 0
        try PayloadFields.scan(envelope.payload) { number, size in
            if number != 1, number != 4 { others += size }
        }
        guard others <= ArtifactKind.maximumPlanBytes else {
            throw WireError.tooLarge(
                .serverPlan, bytes: UInt64(others), limit: ArtifactKind.maximumPlanBytes)
        }
        guard let network = try PayloadFields.message(4, in: envelope.payload) else { return }
        var (operations, small) = (0, 0)
        try PayloadFields.scan(network) { number, size in
            if number == 2 { operations += 1 } else { small += size }
        }
        guard operations <= IntegerNetwork.maximumLayers else {
            throw WireError.outOfRange("\(operations) operations")
        }
        guard small <= ArtifactKind.maximumPlanBytes else {
            throw WireError.tooLarge(
                .serverPlan, bytes: UInt64(small), limit: ArtifactKind.maximumPlanBytes)
        }
    }

    /// client.plan.
    public static func encode(_ plan: ClientPlan) throws -> [UInt8] {
        let payload = try payload(of: plan)
        return Envelope.seal(payload, kind: .clientPlan, digest: Envelope.digest(of: payload))
    }

    public static func decodeClientPlan(_ bytes: [UInt8]) throws -> ClientPlan {
        try decodeClientPlan(bytes, allowInsecure: false)
    }

    package static func decodeClientPlan(
        _ bytes: [UInt8], allowInsecure: Bool
    ) throws -> ClientPlan {
        let envelope = try Envelope.open(bytes, expecting: .clientPlan)
        let message: Blindsight_V1_ClientPlanMessage = try parse(envelope)
        let plan = try message.plan(allowInsecure: allowInsecure)
        try requireCanonical(envelope, payload(of: plan))
        return plan
    }

    /// Of a client plan, whose digest is that of its payload.
    static func requireCanonical(_ envelope: Envelope, _ canonical: [UInt8]) throws {
        guard canonical[...] == envelope.payload else {
            throw WireError.malformed("a client plan that is not in canonical form")
        }
        try envelope.requirePlan(Envelope.digest(of: canonical))
    }

    // MARK: Keys

    /// secret.key. The bytes are the secret: wipe them after use, write them with `ArtifactFile.write(isSecret:)`.
    public static func encodeSecretKey(of client: Client) throws -> [UInt8] {
        var message = Blindsight_V1_SecretKeyMessage(client.key.coefficients)
        defer { message.wipe() }
        var payload: [UInt8] = try message.serializedBytes()
        defer { payload.wipe() }
        return Envelope.seal(payload, kind: .secretKey, digest: try digest(of: client.plan))
    }

    public static func decodeClient(
        secretKey bytes: [UInt8], plan: ClientPlan
    ) throws -> Client {
        let envelope = try Envelope.open(bytes, expecting: .secretKey)
        try envelope.requirePlan(digest(of: plan))
        var message: Blindsight_V1_SecretKeyMessage = try parse(envelope)
        defer { message.wipe() }
        let context = try RLWEContext(plan.parameters)
        return try Client(plan: plan, secretKey: message.secretKey(context))
    }

    /// evaluation.key: the plan's keys, seeded.
    public static func encode(_ keys: EvaluationKeys, plan: ClientPlan) throws -> [UInt8] {
        Envelope.seal(
            try EvaluationKeyPayload.encode(keys, plan: plan), kind: .evaluationKey,
            digest: try digest(of: plan))
    }

    public static func decodeEvaluationKeys(
        _ bytes: [UInt8], plan: ClientPlan
    ) throws -> EvaluationKeys {
        let envelope = try Envelope.open(bytes, expecting: .evaluationKey)
        try envelope.requirePlan(digest(of: plan))
        try requireEntries(envelope, "evaluation keys", PlanChecks.keyList(plan).count)
        return try EvaluationKeyPayload.decode(
            envelope.payload, plan: plan, context: RLWEContext(plan.parameters))
    }

    // MARK: Ciphertexts

    /// A request, seeded: half of each ciphertext is a seed of 32 bytes.
    public static func encode(_ sample: EncryptedSample, plan: ClientPlan) throws -> [UInt8] {
        Envelope.seal(
            try Blindsight_V1_RequestMessage(sample, plan).serializedBytes(), kind: .request,
            digest: try digest(of: plan))
    }

    public static func decodeSample(
        _ bytes: [UInt8], plan: ClientPlan
    ) throws -> EncryptedSample {
        let envelope = try Envelope.open(bytes, expecting: .request)
        try envelope.requirePlan(digest(of: plan))
        try requireEntries(
            envelope, "ciphertexts",
            plan.parameters.plaintextModuli.count * plan.inputLayouts.count)
        let message: Blindsight_V1_RequestMessage = try parse(envelope)
        return try message.sample(plan, RLWEContext(plan.parameters))
    }

    public static func encode(_ reply: EncryptedReply, plan: ClientPlan) throws -> [UInt8] {
        Envelope.seal(
            try Blindsight_V1_ReplyMessage(reply, plan).serializedBytes(), kind: .reply,
            digest: try digest(of: plan))
    }

    public static func decodeReply(_ bytes: [UInt8], plan: ClientPlan) throws -> EncryptedReply {
        let envelope = try Envelope.open(bytes, expecting: .reply)
        try envelope.requirePlan(digest(of: plan))
        try requireEntries(envelope, "ciphertexts", plan.parameters.plaintextModuli.count)
        let message: Blindsight_V1_ReplyMessage = try parse(envelope)
        return try message.reply(plan)
    }

    // MARK: Digests

    /// SHA-256 of the client plan's payload, in hexadecimal: binds keys and ciphertexts to a plan.
    public static func planDigest(_ plan: ClientPlan) throws -> String {
        Envelope.hexadecimal(try digest(of: plan))
    }

    static func digest(of plan: ClientPlan) throws -> [UInt8] {
        Envelope.digest(of: try payload(of: plan))
    }

    private static func payload(of plan: ClientPlan) throws -> [UInt8] {
        try PlanChecks.check(plan)
        return try Blindsight_V1_ClientPlanMessage(plan).serializedBytes()
    }

    // MARK: Parsing

    private static func requireEntries(
        _ envelope: Envelope, _ what: String, _ expected: Int
    ) throws {
        let found = try PayloadFields.entryCount(envelope.payload)
        guard found == expected else {
            throw WireError.wrongCount(what, expected: expected, found: found)
        }
    }

    /// The message of a payload, which must be what this build would write for it: no unknown or repeated fields, nothing
    /// after the end.
    static func parse<M: Message>(_ envelope: Envelope) throws -> M {
        try parse(
            envelope.payload, of: "the payload of a \(envelope.kind.name)",
            isSecret: envelope.kind == .secretKey || envelope.kind == .linearSecretKey)
    }

    static func parse<M: Message>(
        _ payload: ArraySlice<UInt8>, of what: String, isSecret: Bool = false
    ) throws -> M {
        var bytes = Array(payload)
        defer { if isSecret { bytes.wipe() } }
        var options = BinaryDecodingOptions()
        options.messageDepthLimit = 8
        options.discardUnknownFields = true
        do {
            let message = try M(serializedBytes: bytes, options: options)
            var canonical: [UInt8] = try message.serializedBytes()
            defer { if isSecret { canonical.wipe() } }
            if canonical == bytes { return message }
        } catch {
            // The parser's own error says less than this one.
            throw WireError.malformed("\(what) is no such message")
        }
        throw WireError.malformed("\(what) is not in canonical form")
    }
}
