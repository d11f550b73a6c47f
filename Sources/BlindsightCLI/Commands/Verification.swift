import Blindsight

/// Float model, integer network and encrypted engine, side by side, under fresh keys.
struct Verification: Sendable {
    private let references: PlaintextReferences
    private let client: Client
    private let server: Server

    /// What the three made of one sample.
    struct Comparison: Sendable {
        let mismatchedLogits: Int
        let float: Answer
        let integer: Answer
        let encrypted: Answer
        let noiseMarginBits: Double
    }

    /// A label's index, and the first output as a real.
    struct Answer: Sendable {
        let index: Int
        let value: Double
    }

    init(plan: Plan, model: ONNXModel) throws {
        references = try PlaintextReferences(plan.network, model)
        client = try Client(plan: plan.client)
        let progress = ProgressBar("keys")
        let keys = try client.makeEvaluationKeys { progress.update($0, of: $1) }
        progress.finish()
        server = try Server(plan: plan, evaluationKeys: keys)
    }

    /// On one thread; callers run samples side by side.
    func compare(_ sample: [Float]) throws -> Comparison {
        let input = try references.quantize(sample)
        let prediction = try client.decrypt(server.predict(client.encrypt(quantized: input)))
        return try references.compare(prediction, sample: sample, input: input)
    }
}

/// What predictions are compared with.
struct PlaintextReferences: Sendable {
    private let float: FloatOutputs
    private let integer: IntegerReference

    init(_ network: IntegerNetwork, _ model: ONNXModel) throws {
        float = try FloatOutputs(model, decision: network.decision)
        integer = IntegerReference(network)
    }

    func quantize(_ sample: [Float]) throws -> [Int] {
        try integer.network.input.quantize(sample)
    }

    /// - Parameter input: the sample, quantized.
    func compare(
        _ prediction: Prediction, sample: [Float], input: [Int]
    ) throws -> Verification.Comparison {
        let network = integer.network
        let expected = try integer.logits(input)
        func value(_ logits: [BigInt]) -> Double {
            logits[0].doubleTowardZero * network.outputScale
        }
        return Verification.Comparison(
            mismatchedLogits: zip(expected, prediction.logits).count { $0 != $1 },
            float: try float.answer(sample),
            integer: Verification.Answer(
                index: network.decision.index(of: expected), value: value(expected)),
            encrypted: Verification.Answer(
                index: prediction.index, value: value(prediction.logits)),
            noiseMarginBits: prediction.noiseMarginBits)
    }
}

/// The float model's answers, in the terms of the plan's decision.
private enum FloatOutputs: Sendable {
    /// A model that states its integers: what any runtime computes of it.
    case onnx(FloatReference)
    /// A quantized one: before what the client does to outputs.
    case real(RealReference)

    init(_ model: ONNXModel, decision: Decision) throws {
        if (try? model.integerNetwork()) != nil {
            self = .onnx(try FloatReference(model))
        } else {
            self = .real(try RealReference(model))
        }
    }

    func answer(_ sample: [Float]) throws -> Verification.Answer {
        switch self {
        case .onnx(let reference):
            let logits = try reference.logits(sample)
            return Verification.Answer(
                index: argmax(logits) ?? 0, value: Double(logits.first ?? 0))
        case .real(let reference):
            let outputs = try reference.outputs(sample)
            return Verification.Answer(
                index: reference.decision.index(of: outputs), value: outputs.first ?? 0)
        }
    }
}
