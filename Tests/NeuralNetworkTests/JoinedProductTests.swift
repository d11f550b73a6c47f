// SPDX-License-Identifier: Apache-2.0

import IntegerNetworks
import ONNXModels
import Quantization
import Samples
import TensorGraphs
import TestSupport
import Testing

/// Polynomial features as skl2onnx writes them: a product of each pair of features, all of them side by side.
@Suite struct JoinedProductTests {
    private static let features = 13

    private static func model(
        degree: Int, features: Int = features, isLinear: Bool = true
    ) throws -> ONNXModel {
        var builder = ONNXBuilder(input: [nil, features])
        var columns: [String] = []
        var chosen: [[Int]] = [[]]
        for _ in 0..<degree {
            chosen = chosen.flatMap { list in ((list.last ?? 0)..<features).map { list + [$0] } }
            for list in chosen {
                let places = builder.integers(list.map(Int64.init))
                let column = builder.node("Gather", ["x", places])
                builder.attribute("axis", 1)
                columns.append(builder.node("ReduceProd", [column, builder.integers([1])]))
            }
        }
        let all = builder.node("Concat", columns)
        builder.attribute("axis", 1)
        guard isLinear else { return try ONNXModel(builder.model([all])) }
        let count = columns.count
        let weights = (0..<3 * count).map { Float(($0 * 37) % 19 - 9) / 20 }
        let scores = builder.node("MatMul", [all, builder.floats("w", weights, dims: [count, 3])])
        return try ONNXModel(builder.model([scores]))
    }

    private static func samples(_ count: Int, _ features: Int = features) -> [[Float]] {
        var generator = SplitMix64(seed: 5)
        return (0..<count).map { _ in
            (0..<features).map { _ in Float.random(in: -1...1, using: &generator) }
        }
    }

    @Test(arguments: [2, 3]) func productsAreJoined(degree: Int) throws {
        let features = degree == 2 ? Self.features : 6
        let model = try Self.model(degree: degree, features: features)
        let network = try RealNetwork(model.tensorGraph())
        for node in network.nodes { #expect(node.sources.count <= 16, "\(node.name)") }
        #expect(network.nodes.count < 30)
        for sample in Self.samples(5, features) {
            let found = try PolynomialNetwork(network).outputs([sample])[0]
            let expected = try FloatReference(model).logits(sample)
            #expect(zip(found, expected).allSatisfy { abs($0 - Double($1)) < 1e-5 })
        }
    }

    /// More parts than a step of the client's reads are put together by one.
    @Test func featuresAloneAreServed() throws {
        let model = try Self.model(degree: 2, isLinear: false)
        let network = try RealNetwork(model.tensorGraph())
        let program = network.program
        #expect(program.map { $0.steps.count <= 1 } ?? true)
        for sample in Self.samples(5) {
            let inner = try PolynomialNetwork(network).outputs([sample])[0].map { Float($0) }
            let found = program?.evaluate(inner)[0] ?? inner
            let expected = try FloatReference(model).logits(sample)
            #expect(found.count == 104)
            #expect(zip(found, expected).allSatisfy { abs($0 - $1) < 1e-5 })
        }
    }

    @Test func integersComeNear() throws {
        let found = try Quantizer(
            Self.model(degree: 2),
            calibration: SampleSet(Self.samples(80), sampleShape: [Self.features])
        ).quantize()
        #expect(found.report.integer.relativeError < 0.2, "\(found.report.integer)")
    }
}
