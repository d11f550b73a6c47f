import BFV
import BigIntegers
import Inference
import IntegerNetworks
import ONNXModels
import TestSupport
import Wire

/// A plan on a small ring without security, and one file of each kind.
struct Fixture: Sendable {
    let model: [UInt8]
    let plan: Plan
    let client: Client
    let server: Server
    let input: [Int]
    let files: [ArtifactKind: [UInt8]]
    let isQuantized: Bool

    /// Those of the latency layout.
    static let kinds: [ArtifactKind] = [
        .serverPlan, .clientPlan, .secretKey, .evaluationKey, .request, .reply,
    ]

    static let shared = Result { try Fixture(seed: 7) }
    /// Another plan, for files that don't belong together.
    static let other = Result { try Fixture(seed: 8) }

    /// Plans that hold a network of their own.
    static let quantized = Result { try Fixture.quantized(seed: 9) }

    init(seed: UInt64) throws {
        let model = try TinyModel.bytes(seed: seed)
        let network = try ONNXModel.load(model).integerNetwork()
        try self.init(
            seed: seed, model: model,
            plan: Planner.insecure(degrees: [64, 128]).plan(network), isQuantized: false)
    }

    /// Everything that a chain of integer layers doesn't have: branches, features of their own scales, a regression, bounds that are
    /// no proof.
    static func quantized(seed: UInt64) throws -> Fixture {
        let graph = try RandomGraph.make(seed: seed)
        let count = graph.inputCount
        let network = try IntegerNetwork(
            input: InputSpecification(
                shape: [count], range: graph.input.range, scale: 1,
                offsets: (0..<count).map { Float($0) / 4 },
                scales: (0..<count).map { 1 + Float($0) / 8 }, normalization: .l2),
            operations: graph.operations, outputScale: 0.125, labels: graph.labels,
            decision: .regression, transform: .sigmoid)
        let bounds = OutputBounds.certify(network)
        let plan = try Planner.insecure(degrees: [64, 128, 256]).plan(
            network, outputBounds: bounds.outputs, boundMethod: "calibrated",
            rangeIsProven: false)
        return try Fixture(
            seed: seed, model: TinyModel.bytes(seed: seed), plan: plan, isQuantized: true)
    }

    private init(seed: UInt64, model: [UInt8], plan: Plan, isQuantized: Bool) throws {
        self.model = model
        self.plan = plan
        self.isQuantized = isQuantized
        let network = plan.network
        client = try Client(plan: plan.client)
        let keys = try client.makeEvaluationKeys()
        server = try Server(plan: plan, evaluationKeys: keys)
        var generator = SplitMix64(seed: seed)
        input = RandomNetwork.input(for: network, using: &generator)
        let sample = try client.encrypt(quantized: input)
        files = [
            .serverPlan: try Artifact.encode(plan, model: model, isQuantized: isQuantized),
            .clientPlan: try Artifact.encode(plan.client),
            .secretKey: try Artifact.encodeSecretKey(of: client),
            .evaluationKey: try Artifact.encode(keys, plan: plan.client),
            .request: try Artifact.encode(sample, plan: plan.client),
            .reply: try Artifact.encode(server.predict(sample), plan: plan.client),
        ]
    }

    /// Whether an error is one of the closed types that bytes from outside may lead to.
    static func isTyped(_ error: any Error) -> Bool {
        error is WireError || error is ParameterError || error is NetworkError
            || error is ONNXError || error is PlanError || error is InferenceError
            || error is EvaluationError
    }

    var logits: [BigInt] {
        get throws { try IntegerReference.logits(plan.network, input: input) }
    }

    /// Decodes as the kind says and encodes again.
    func recode(_ bytes: [UInt8], as kind: ArtifactKind) throws -> [UInt8] {
        switch kind {
        case .serverPlan:
            let (plan, _) = try Artifact.decodePlan(bytes, allowInsecure: true)
            return try Artifact.encode(plan, model: model, isQuantized: isQuantized)
        case .clientPlan:
            return try Artifact.encode(Artifact.decodeClientPlan(bytes, allowInsecure: true))
        case .secretKey:
            return try Artifact.encodeSecretKey(
                of: Artifact.decodeClient(secretKey: bytes, plan: plan.client))
        case .evaluationKey:
            return try Artifact.encode(
                Artifact.decodeEvaluationKeys(bytes, plan: plan.client), plan: plan.client)
        case .request:
            return try Artifact.encode(
                Artifact.decodeSample(bytes, plan: plan.client), plan: plan.client)
        case .reply:
            return try Artifact.encode(
                Artifact.decodeReply(bytes, plan: plan.client), plan: plan.client)
        default: preconditionFailure("not a kind of this fixture")
        }
    }

    /// The kind's file with another payload, its checksum right; a client plan's digest too.
    func resealed(
        _ kind: ArtifactKind, _ change: (inout [UInt8]) throws -> Void
    ) throws -> [UInt8] {
        let envelope = try Envelope.open(files[kind]!)
        var payload = Array(envelope.payload)
        try change(&payload)
        return Envelope.seal(
            payload, kind: kind,
            digest: kind == .clientPlan ? Envelope.digest(of: payload) : envelope.digest)
    }
}
