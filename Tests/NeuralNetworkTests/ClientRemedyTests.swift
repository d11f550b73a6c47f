// SPDX-License-Identifier: Apache-2.0

import Blindsight
import Inference
import ONNXModels
import Quantization
import Samples
import SwiftProtobuf
import TensorGraphs
import TestSupport
import Testing

/// Where a node can't be encrypted, the nodes are named that a client may do instead, and then it works.
@Suite struct ClientRemedyTests {
    private static let samples: SampleSet = {
        var generator = SplitMix64(seed: 9)
        return SampleSet(
            (0..<200).map { _ in (0..<3).map { _ in Float.random(in: -1...1, using: &generator) } },
            sampleShape: [3])
    }()

    private static var options: PlanningOptions {
        var options = PlanningOptions()
        options.planner = .insecure(degrees: [256, 512])
        options.method = .slots
        options.outputKind = .scores
        return options
    }

    /// Of the nodes that are named, or of a model that is refused with none.
    private static func named(_ model: [UInt8]) throws -> [String]? {
        do {
            _ = try PlannedModel(model: model, calibration: samples, options: options)
        } catch let refusal as PlanRefusal {
            guard case .nodesAtTheClient(let names)? = refusal.remedies.first else { return nil }
            return names
        } catch is QuantizationError {
            return nil
        }
        Issue.record("it is planned")
        return nil
    }

    private static func expectServed(_ model: [UInt8], moving names: [String]) throws {
        var options = options
        options.clientNodes = names
        let plan = try PlannedModel(model: model, calibration: samples, options: options).plan
        let reference = try FloatReference(ONNXModel.load(model))
        for index in 0..<20 {
            let sample = samples.sample(at: index)
            let found = try plan.simulate([sample])[0].values
            for (a, b) in zip(found, try reference.logits(sample)) {
                #expect(abs(Float(a) - b) < 0.05)
            }
        }
    }

    /// As PyTorch writes functional.normalize.
    @Test func norm() throws {
        var builder = ONNXBuilder(input: [nil, 3])
        let norm = builder.node("ReduceL2", ["x"])
        builder.attribute("axes", [1])
        let bound = builder.node("Clip", [norm, builder.float("least", 1e-12)])
        let quotient = builder.node("Div", ["x", bound])
        let weights = builder.floats("w", [1, 0.25, -1, 0.5, -0.75, 0.3], dims: [3, 2])
        let output = builder.node("MatMul", [quotient, weights])
        let model =
            try builder.model([output])
            .serializedBytes() as [UInt8]
        let names = try #require(try Self.named(model))
        #expect(names.first?.hasPrefix("reducel2") == true && names.last?.hasPrefix("div") == true)
        try Self.expectServed(model, moving: names)
    }

    /// A layer before it goes with it.
    @Test func hiddenNorm() throws {
        var builder = ONNXBuilder(input: [nil, 3])
        let first = builder.floats("v", [1, 0.5, -0.25, -1, 0.75, 1, 0.3, 0.1, 0.9], dims: [3, 3])
        let hidden = builder.node("MatMul", ["x", first])
        let norm = builder.node(
            "LayerNormalization", [hidden, builder.floats("s", [1, 2, 3], dims: [3])])
        let weights = builder.floats("w", [1, 0.25, -1, 0.5, -0.75, 0.3], dims: [3, 2])
        let output = builder.node("MatMul", [norm, weights])
        let model =
            try builder.model([output])
            .serializedBytes() as [UInt8]
        let names = try #require(try Self.named(model))
        #expect(names.count == 2 && names[0].hasPrefix("matmul"))
        try Self.expectServed(model, moving: names)
    }

    /// A convolution is none that clients do.
    @Test func nothingIsNamedWhereItWouldNotWork() throws {
        var builder = ONNXBuilder(input: [nil, 1, 1, 3])
        let kernel = builder.floats("k", [0.5, -1], dims: [1, 1, 1, 2])
        let hidden = builder.node("Conv", ["x", kernel])
        let pooled = builder.node("MaxPool", [hidden])
        builder.attribute("kernel_shape", [1, 2])
        let flat = builder.node("Flatten", [pooled])
        let last = builder.node("MatMul", [flat, builder.floats("w", [1, 2], dims: [1, 2])])
        let model = try builder.model([last]).serializedBytes() as [UInt8]
        #expect(try Self.named(model) == nil)
    }

    /// A table's rows are marked by the client; its values stay, and an index beyond it is refused.
    @Test func tables() throws {
        var builder = ONNXBuilder(input: [nil, 3])
        builder.graph.input[0].type.tensorType.elemType = 7
        let table = builder.floats("table", (0..<10).map { Float($0) * 0.3 - 1 }, dims: [5, 2])
        let flat = builder.node("Flatten", [builder.node("Gather", [table, "x"])])
        let model = try ONNXModel(builder.model([flat]))
        let split = try InputSplit(model.tensorGraph())
        #expect(split.graph.values[0].count == 15)
        #expect(split.graph.inputRanges.allSatisfy { $0 == 0...1 })
        let (whole, rest) = (try FloatReference(model.tensorGraph()), FloatReference(split.graph))
        let program = try #require(split.program)
        for sample in [[0, 4, 2], [-1, -5, 3]] as [[Float]] {
            #expect(try rest.logits(program.evaluate(sample)) == whole.logits(sample))
        }
        #expect(try whole.logits([-1, 4, 1]) == whole.logits([4, -1, -4]))
        for beyond in [5, -6] as [Float] {
            #expect {
                _ = try program.evaluate([0, beyond, 0])
            } throws: {
                "\($0)".contains("beyond the 5 rows")
            }
        }
    }
}
