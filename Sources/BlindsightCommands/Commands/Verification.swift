// SPDX-License-Identifier: Apache-2.0

import BigIntegers
import Blindsight
import InferenceClient
import IntegerNetworks
import ONNXModels
import Quantization
import Synchronization
import TensorGraphs
import Threading

/// Float model, integer network and encrypted engine, side by side, under fresh keys.
package struct Verification: Sendable {
    private let references: PlaintextReferences
    private let client: Client
    private let server: Server
    private let pool: WorkerPool
    private var capacity: Int { client.plan.samplesPerGroup }

    /// What the three made of one sample.
    package struct Comparison: Sendable {
        package let mismatchedLogits: Int
        let float: Answer
        let integer: Answer
        let encrypted: Answer
        let noiseMarginBits: Double
    }

    /// A label's index, and the first output as a real.
    package struct Answer: Sendable {
        let index: Int
        let value: Double
    }

    /// - Parameters:
    ///   - model: the ONNX file that the plan was made from.
    ///   - integers: what encrypted logits are compared with; the plan's network. Tests give another.
    package init(
        plan: Plan, model: [UInt8], threads: Int, integers: IntegerNetwork? = nil
    ) throws {
        pool = WorkerPool(threads: threads)
        references = try PlaintextReferences(
            integers ?? plan.network, plan.client.outputs, ONNXModel.load(model))
        // Groups of one sample run side by side, larger ones share their threads.
        let inner = plan.client.samplesPerGroup == 1 ? 1 : threads
        client = try Client(plan.client, threads: inner)
        let progress = ProgressBar("keys")
        let keys = try client.evaluationKeys { progress.update($0, of: $1) }
        progress.finish()
        server = try PreparedModel(plan, threads: threads).server(for: keys, threads: inner)
    }

    /// - Parameter count: so many samples from the start.
    package func compare(
        _ samples: SampleSet, count: Int, progress: ProgressBar
    ) throws -> [Comparison] {
        let groups = client.plan.groupCount(of: count)
        let done = Atomic(0)
        @Sendable func tell(_ samples: Int) {
            progress.update(done.add(samples, ordering: .relaxed).newValue, of: count)
        }
        func group(_ index: Int) throws -> [Comparison] {
            let start = index * capacity
            let size = min(capacity, count - start)
            let inputs = try pool.map(size) {
                try references.quantize(
                    client.plan.prepared(samples.sample(at: start + $0), index: start + $0))
            }
            let request = try client.encrypt(quantized: inputs)
            let predictions = try client.decrypt(server.predict(request), of: request)
            return try pool.map(size) { offset in
                let result = try references.compare(
                    predictions[offset], sample: samples.sample(at: start + offset),
                    input: inputs[offset])
                tell(1)
                return result
            }
        }
        guard capacity == 1 else { return try (0..<groups).flatMap(group) }
        return try pool.map(groups, group).flatMap { $0 }
    }
}

/// What predictions are compared with.
struct PlaintextReferences: Sendable {
    private let float: FloatOutputs
    private let integer: IntegerReference

    private let outputs: OutputReading

    init(_ network: IntegerNetwork, _ outputs: OutputReading, _ model: ONNXModel) throws {
        float = try FloatOutputs(model)
        integer = IntegerReference(network)
        self.outputs = outputs
    }

    func quantize(_ sample: [Float]) throws -> [Int] {
        // What is refused was refused before.
        try SampleQuantizer(integer.network.input, outside: .clamp).quantize(sample, index: 0)
    }

    /// - Parameter input: the sample, quantized.
    package func compare(
        _ prediction: Prediction, sample: [Float], input: [Int]
    ) throws -> Verification.Comparison {
        let network = integer.network
        let expected = try integer.logits(input)
        func value(_ logits: [BigInt]) -> Double {
            logits[0].doubleTowardZero * network.units.unit(ofOutput: 0)
        }
        return Verification.Comparison(
            mismatchedLogits: zip(expected, prediction.logits).count { $0 != $1 },
            float: try float.answer(sample, outputs),
            integer: Verification.Answer(
                index: outputs.prediction(expected, noiseMarginBits: .infinity).index,
                value: value(expected)),
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

    init(_ model: ONNXModel) throws {
        if (try? model.integerNetwork()) != nil {
            self = .onnx(try FloatReference(model))
        } else {
            self = .real(try RealReference(model))
        }
    }

    func answer(_ sample: [Float], _ reading: OutputReading) throws -> Verification.Answer {
        switch self {
        case .onnx(let reference):
            let logits = try reference.logits(sample)
            return Verification.Answer(
                index: argmax(logits) ?? 0, value: Double(logits.first ?? 0))
        case .real(let reference):
            let outputs = try reference.outputs(sample)
            return Verification.Answer(
                index: reading.index(ofReals: outputs), value: outputs.first ?? 0)
        }
    }
}
