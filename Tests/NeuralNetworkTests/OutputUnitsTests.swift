// SPDX-License-Identifier: Apache-2.0

import BigIntegers
import Blindsight
import Inference
import IntegerNetworks
import ONNXModels
import Quantization
import Samples
import SwiftProtobuf
import TensorGraphs
import TestSupport
import Testing

/// Outputs of very different sizes: each has its own unit, and is judged by itself.
@Suite struct OutputUnitsTests {
    private static let samples: SampleSet = {
        var generator = SplitMix64(seed: 7)
        return SampleSet(
            (0..<300).map { _ in (0..<4).map { _ in Float.random(in: -1...1, using: &generator) } },
            sampleShape: [4])
    }()

    private static func planned(
        acceptsAnyError: Bool = false, _ build: (inout ONNXBuilder) -> [String]
    ) throws -> PlannedModel {
        var builder = ONNXBuilder(input: [nil, 4])
        let outputs = build(&builder)
        var options = PlanningOptions()
        options.planner = .insecure(degrees: [256, 512, 1024])
        options.method = .slots
        options.acceptsAnyError = acceptsAnyError
        return try PlannedModel(
            model: builder.model(outputs).serializedBytes(), calibration: samples, options: options)
    }

    /// Scores with a label, and a quantity of a millionth of their size.
    private static func labelAndQuantity(_ builder: inout ONNXBuilder) -> [String] {
        let scores = builder.node(
            "MatMul",
            [
                "x",
                builder.floats("w", [9, -4, 5, 3, 7, -8, -6, 2, 1, 4, -5, 8], dims: [4, 3]),
            ])
        let quantity = builder.node(
            "MatMul", ["x", builder.floats("v", [3e-6, -1e-6, 2e-6, 1e-6], dims: [4, 1])])
        let label = builder.node("ArgMax", [scores]) + "_label"
        builder.graph.node[builder.graph.node.count - 1].output = [label]
        builder.attribute("axis", 1)
        builder.attribute("keepdims", 0)
        return [label, scores, quantity]
    }

    @Test func smallQuantityBesideALabel() throws {
        let planned = try Self.planned { Self.labelAndQuantity(&$0) }
        let units = planned.plan.network.units
        #expect(units.exponents.count == 4)
        #expect(units.exponents[0...2].allSatisfy { $0 > -3 } && units.exponents[3] < -18)
        let report = try #require(planned.quantization)
        #expect(try #require(report.integer.quantityError) < 0.02)
        #expect(planned.judgement?.verdict == .good)
        // What is decrypted says the quantity within that error.
        let client = try Client(planned.plan.client)
        let server = try Server(planned.plan, keys: client.evaluationKeys())
        var (error, size) = (0.0, 0.0)
        for index in 0..<8 {
            let x = Self.samples.sample(at: index).map { Double($0) }
            let request = try client.encrypt([Self.samples.sample(at: index)])
            let prediction = try client.decrypt(server.predict(request), of: request)[0]
            let expected = 3e-6 * x[0] - 1e-6 * x[1] + 2e-6 * x[2] + 1e-6 * x[3]
            let found = Double(try #require(prediction.outputs.last).values[0])
            (error, size) = (
                error + (found - expected) * (found - expected), size + expected * expected
            )
        }
        #expect((error / size).squareRoot() < 0.03)
    }

    /// A model is as good as the worse of its decision and its quantities.
    @Test func quantityBesideALabelIsJudged() throws {
        let reference = SampleMatrix(
            [[100, 0, 1], [0, 100, -1], [90, 0, 1], [0, 80, -1]], count: 3)
        let outputs = SampleMatrix(
            [[100, 0, 0], [0, 100, 0], [90, 0, 0], [0, 80, 0]], count: 3)
        let program = try OutputProgram(
            inputCount: 3,
            steps: [
                .init(.gather(indices: [0, 1], fill: 0), inputs: [0]),
                .init(.argMax(outer: 1, count: 2, inner: 1, selectsLast: false), inputs: [1]),
                .init(.gather(indices: [2], fill: 0), inputs: [0]),
            ],
            outputs: [
                .init(name: "label", value: 2, shape: [], meaning: .label(["a", "b"])),
                .init(name: "scores", value: 1, shape: [2], meaning: .real),
                .init(name: "dose", value: 3, shape: [], meaning: .real),
            ])
        #expect(program.quantities == [2])
        let fidelity = Fidelity(
            outputs, against: reference, decision: .regression, program: program, labels: nil)
        #expect(fidelity.agreement == 1 && fidelity.quantityError == 1)
        #expect(fidelity.relativeError == 1)
    }

    /// Regressions of two targets of different units.
    @Test func targetsOfDifferentSizes() throws {
        let planned = try Self.planned { builder in
            let weights = builder.floats(
                "w", [5e5, 1e-3, -2e5, 3e-3, 3e5, -2e-3, 1e5, 1e-3], dims: [4, 2])
            let output = builder.node("MatMul", ["x", weights])
            // A regression, since nothing says classes of two quantities that a regressor gives.
            let names = builder.classical("LinearRegressor", [output])
            builder.attribute("coefficients", [1, 0, 0, 1] as [Float])
            builder.attribute("targets", 2)
            return names
        }
        #expect(planned.plan.network.decision == .regression)
        #expect(planned.plan.network.units.exponents.count == 2)
        #expect(try #require(planned.quantization?.integer.quantityError) < 0.02)
        // Targets of like sizes share a unit.
        let alike = try Self.planned { builder in
            let weights = builder.floats("w", [5, 1, -2, 3, 3, -2, 1, 1], dims: [4, 2])
            let names = builder.classical(
                "LinearRegressor", [builder.node("MatMul", ["x", weights])])
            builder.attribute("coefficients", [1, 0, 0, 1] as [Float])
            builder.attribute("targets", 2)
            return names
        }
        #expect(alike.plan.network.units.exponents.isEmpty)
    }

    /// Several outputs that nothing tells of: scores where they are alike, else stated, never guessed.
    @Test func whatOutputsAre() throws {
        func model(_ size: Float) throws -> [UInt8] {
            var builder = ONNXBuilder(input: [nil, 4])
            let weights = builder.floats(
                "w", [5 * size, 1, -2 * size, 3, 3 * size, -2, size, 1], dims: [4, 2])
            let output = builder.node("MatMul", ["x", weights])
            return try builder.model([output]).serializedBytes()
        }
        func planned(_ size: Float, _ kind: TensorGraph.OutputKind?) throws -> PlannedModel {
            var options = PlanningOptions()
            options.planner = .insecure(degrees: [256, 512, 1024])
            options.method = .slots
            options.outputKind = kind
            return try PlannedModel(
                model: model(size), calibration: Self.samples, options: options)
        }
        #expect(try planned(8, nil).plan.network.decision == .largest)
        #expect(try planned(8, .quantities).plan.network.decision == .regression)
        #expect {
            _ = try planned(1e5, nil)
        } throws: {
            ($0 as? PlanRefusal)?.remedies == [.statedOutputs]
        }
        #expect(try planned(1e5, .scores).plan.network.decision == .largest)
        let quantities = try planned(1e5, .quantities)
        #expect(try #require(quantities.quantization?.integer.quantityError) < 0.02)
        // What verifies the plan later finds it stated in the model.
        let kept = try #require(quantities.plan.model)
        #expect(try ONNXModel.load(kept).outputKind == .quantities)
    }

    @Test func unitsThatMeanNothing() {
        #expect(throws: NetworkError.self) {
            try OutputUnits(scale: 1, exponents: [0, -3], outputs: 2, decision: .largest)
        }
        #expect(throws: NetworkError.self) {
            try OutputUnits(scale: 1, exponents: [-3], outputs: 2, decision: .regression)
        }
        for exponents in [[0, 1], [0, -65], [0, 0]] {
            #expect(throws: NetworkError.self) {
                try OutputUnits(
                    scale: 1, exponents: exponents, outputs: 2, decision: .regression)
            }
        }
        let units = try? OutputUnits(
            scale: 0.5, exponents: [0, -3], outputs: 2, decision: .regression)
        #expect(units?.reals([6, -8]) == [3, -0.5])
    }
}
