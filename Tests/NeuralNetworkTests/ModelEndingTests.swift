// SPDX-License-Identifier: Apache-2.0

import IntegerNetworks
import ONNXModels
import Quantization
import Samples
import TensorGraphs
import TestSupport
import Testing

/// What a client does after decryption: all outputs of a model, by name, as the model computes them of its scores.
@Suite struct ModelEndingTests {
    /// x times weights, which are [[1, 0, -1], [2, 1, 0]].
    private static func scores(_ builder: inout ONNXBuilder) -> String {
        let weights = builder.floats("w", [1, 0, -1, 2, 1, 0], dims: [2, 3])
        return builder.node("MatMul", ["x", weights])
    }

    private struct Model {
        let model: ONNXModel
        let network: RealNetwork
        let graph: TensorGraph
    }

    private static func network(_ build: (inout ONNXBuilder) -> [String]) throws -> Model {
        var builder = ONNXBuilder(input: [nil, 2])
        let outputs = build(&builder)
        let model = try ONNXModel(builder.model(outputs))
        let graph = try model.tensorGraph()
        return Model(model: model, network: try RealNetwork(graph), graph: graph)
    }

    /// The network, then its program, give what the float reference gives of the whole model.
    private static func expectSame(
        _ model: Model,
        _ samples: [[Float]] = [
            [1, 2], [-3, 0.5], [0.25, -1], [0, 0], [-2, -2],
        ]
    ) throws {
        let program = try #require(model.network.program)
        let names = program.outputs.map(\.name)
        #expect(names == model.graph.outputNames)
        for sample in samples {
            let inner = try PolynomialNetwork(model.network).outputs([sample])[0]
            // What reports and verification call the float model's outputs is what the program reads.
            let reference = try RealReference(model.model).outputs(sample)
            #expect(
                reference.count == inner.count
                    && zip(reference, inner).allSatisfy { abs($0 - $1) <= 1e-5 * (1 + abs($1)) },
                "\(reference) \(inner)")
            let found = program.evaluate(inner.map { Float($0) })
            let expected = try FloatReference(model.graph).outputs(sample)
            for (found, expected) in zip(found, expected) {
                #expect(found.count == expected.count)
                #expect(
                    zip(found, expected).allSatisfy { abs($0 - $1) <= 1e-5 * (1 + abs($1)) },
                    "\(found) \(expected)")
            }
        }
    }

    @Test func argMin() throws {
        let model = try Self.network { builder in
            let scores = Self.scores(&builder)
            let label = builder.node("ArgMin", [scores]) + "_label"
            builder.graph.node[builder.graph.node.count - 1].output = [label]
            builder.attribute("axis", 1)
            builder.attribute("keepdims", 0)
            return [label, scores]
        }
        #expect(model.network.decision == .smallest)
        #expect(model.network.nodes.count == 1)
        try Self.expectSame(model)
        // The first of equals.
        let program = try #require(model.network.program)
        #expect(program.label(of: program.evaluate([2, 2, 2]))?.name == "0")
        #expect(program.label(of: program.evaluate([2, 1, 1]))?.name == "1")
    }

    /// A label with a threshold of its own, on a probability.
    @Test func threshold() throws {
        let model = try Self.network { builder in
            let weights = builder.floats("w", [1, 2], dims: [2, 1])
            let p = builder.node("Sigmoid", [builder.node("MatMul", ["x", weights])])
            let truth = builder.node("Greater", [p, builder.float("limit", 0.9)])
            let label = builder.node("Cast", [truth]) + "_label"
            builder.graph.node[builder.graph.node.count - 1].output = [label]
            builder.attribute("to", 7)
            return [label, p]
        }
        try Self.expectSame(model)
        let program = try #require(model.network.program)
        for (logit, name) in [(2.1, "0"), (2.3, "1"), (-9, "0")] as [(Float, String)] {
            #expect(program.label(of: program.evaluate([logit]))?.name == name)
        }
        // Nothing but the layer is left to the server.
        #expect(model.network.nodes.count == 1)
    }

    /// k-means as skl2onnx writes it: squared distances are encrypted, roots and labels are the client's.
    @Test func distances() throws {
        let model = try Self.network { builder in
            let squares = builder.node("ReduceSumSquare", ["x"])
            builder.attribute("axes", [1])
            builder.attribute("keepdims", 1)
            let weights = builder.floats("w", [-2, 4, 0, 6, 0, -2], dims: [2, 3])
            let products = builder.node("MatMul", ["x", weights])
            let sums = builder.node(
                "Add",
                [
                    builder.node("Add", [squares, products]),
                    builder.floats("norms", [10, 4, 1], dims: [1, 3]),
                ])
            let label = builder.node("ArgMin", [sums]) + "_label"
            builder.graph.node[builder.graph.node.count - 1].output = [label]
            builder.attribute("axis", 1)
            builder.attribute("keepdims", 0)
            return [label, builder.node("Sqrt", [sums])]
        }
        #expect(model.network.decision == .smallest)
        try Self.expectSame(model)
        // What integers put a little below zero is a distance of zero.
        let program = try #require(model.network.program)
        #expect(program.evaluate([4, -0.01, 9])[0] == [2, 0, 3])
    }

    /// Multinomial logistic regression as skl2onnx writes it, names of classes and all.
    @Test func namedClasses() throws {
        let model = try Self.network { builder in
            let outputs = builder.classical("LinearClassifier", ["x"], outputs: 2)
            builder.attribute("coefficients", [1, 2, 0, 1, -1, 0.5] as [Float])
            builder.attribute("intercepts", [0.5, 0, -0.5] as [Float])
            builder.attribute("classlabels_strings", ["setosa", "versicolor", "virginica"])
            builder.attribute("post_transform", "SOFTMAX")
            let probabilities = builder.classical("Normalizer", [outputs[1]])[0]
            builder.attribute("norm", "L1")
            let label = builder.node("Identity", [outputs[0]]) + "_label"
            builder.graph.node[builder.graph.node.count - 1].output = [label]
            return [label, builder.classical("ZipMap", [probabilities])[0]]
        }
        #expect(model.network.decision == .largest)
        #expect(model.network.labels == ["setosa", "versicolor", "virginica"])
        try Self.expectSame(model)
        let program = try #require(model.network.program)
        #expect(program.label(of: program.evaluate([0, 3, 1]))?.name == "versicolor")
    }

    /// Several probabilities that nothing compares: no label is made up.
    @Test func severalLabels() throws {
        let model = try Self.network { builder in
            [builder.node("Sigmoid", [Self.scores(&builder)])]
        }
        #expect(model.network.decision == .regression)
    }

    /// Constants of a trained model stay with the server: of a scale after a softmax the client can't be spared, of one
    /// before it is.
    @Test func constantsStay() throws {
        let model = try Self.network { builder in
            let scores = Self.scores(&builder)
            let turned = builder.node("Transpose", [scores])
            builder.attribute("perm", [1, 0])
            let scaled = builder.node(
                "Mul", [turned, builder.floats("factors", [0.5, 2, 3], dims: [3, 1])])
            let back = builder.node("Transpose", [scaled])
            builder.attribute("perm", [1, 0])
            return [builder.node("Exp", [back]), builder.node("Relu", [back])]
        }
        let program = try #require(model.network.program)
        #expect(
            program.steps.allSatisfy { step in
                if case .scale = step.operation { false } else { true }
            })
        try Self.expectSame(model)
    }

    /// Two heads of different values: one encrypted value of both.
    @Test func heads() throws {
        let model = try Self.network { builder in
            let scores = Self.scores(&builder)
            let other = builder.node("MatMul", ["x", builder.floats("v", [3, -1], dims: [2, 1])])
            return [builder.node("Softmax", [scores]), builder.node("Exp", [other])]
        }
        #expect(model.network.count(of: model.network.output) == 4)
        try Self.expectSame(model)
    }

    /// Of a model that quantizes activations, integers are measured against what the client's program reads.
    @Test func quantizedActivations() throws {
        var builder = ONNXBuilder(input: [nil, 2])
        let step = builder.float("step", 0.05)
        let zero = builder.integers("zero", [0], dims: [], type: .int8)
        let codes = builder.node("QuantizeLinear", [Self.scores(&builder), step, zero])
        let scores = builder.node("DequantizeLinear", [codes, step, zero])
        let output = builder.node(
            "MatMul",
            [scores, builder.floats("v", [1, 0.5, -1, 0.25, 2, -0.5], dims: [3, 2])])
        let label = builder.node("ArgMin", [output]) + "_label"
        builder.graph.node[builder.graph.node.count - 1].output = [label]
        builder.attribute("axis", 1)
        builder.attribute("keepdims", 0)
        let powers = builder.node("Exp", [output])
        let model = try ONNXModel(builder.model([powers, label]))
        var generator = SplitMix64(seed: 4)
        let samples = (0..<100).map { _ in
            (0..<2).map { _ in Float.random(in: -1...1, using: &generator) }
        }
        let report = try Quantizer(
            model, calibration: SampleSet(samples, sampleShape: [2])
        ).quantize().report
        #expect(report.float.agreement == 1 && report.float.relativeError == 0)
        #expect(report.polynomial.relativeError < 0.05 && report.polynomial.agreement > 0.95)
        #expect(report.integer.relativeError < 0.2 && report.integer.agreement > 0.9)
    }

    @Test func namesAreLookedUp() throws {
        let model = try Self.network { builder in
            let scores = Self.scores(&builder)
            let best = builder.node("ArgMax", [scores])
            builder.attribute("axis", 1)
            builder.attribute("keepdims", 0)
            let encoded = builder.classical("LabelEncoder", [best])[0] + "_label"
            builder.graph.node[builder.graph.node.count - 1].output = [encoded]
            builder.attribute("keys_int64s", [2, 0, 1])
            builder.attribute("values_strings", ["c", "a", "b"])
            return [scores, encoded]
        }
        let program = try #require(model.network.program)
        #expect(program.labelNames == ["a", "b", "c"])
        #expect(program.label(of: program.evaluate([1, 2, 9]))?.name == "c")
    }

    /// One output that is more than scores and a softmax or sigmoid of them: it is there by its name, and the label too.
    @Test func oneOutputIsWhole() throws {
        let normalized = try Self.network { builder in
            let p = builder.node("Sigmoid", [Self.scores(&builder)])
            return [builder.classical("Normalizer", [p])[0]]
        }
        // norm is MAX where it isn't given.
        #expect(normalized.network.decision == .largest)
        try Self.expectSame(normalized)
        let pair = try Self.network { builder in
            let weights = builder.floats("w", [1, 2], dims: [2, 1])
            let p = builder.node("Sigmoid", [builder.node("MatMul", ["x", weights])])
            let other = builder.node("Sub", [builder.float("one", 1), p])
            let both = builder.node("Concat", [other, p])
            builder.attribute("axis", 1)
            return [both]
        }
        #expect(pair.network.decision == .sign && pair.network.count(of: pair.network.output) == 1)
        try Self.expectSame(pair)
        let number = try Self.network { builder in
            let best = builder.node("ArgMax", [Self.scores(&builder)])
            builder.attribute("axis", 1)
            let float = builder.node("Cast", [best])
            builder.attribute("to", 1)
            return [float]
        }
        #expect(number.network.decision == .largest)
        try Self.expectSame(number)
    }

    /// Over an axis that is that of samples: a batch of one is no such model.
    @Test(arguments: ["Softmax", "ArgMax", "ReduceSum"])
    func samplesDoNotMix(operation: String) throws {
        #expect {
            _ = try Self.network { builder in
                let scores = Self.scores(&builder)
                let axes = operation == "ReduceSum" ? [builder.integers([0])] : []
                let mixed = builder.node(operation, [scores] + axes)
                if axes.isEmpty { builder.attribute("axis", 0) }
                return [scores, mixed]
            }
        } throws: { "\($0)".contains("mixes the samples of a batch") }
    }

    /// A model without weights has nothing to hide.
    @Test func nothingToHide() {
        #expect {
            _ = try Self.network { [$0.node("Softmax", [$0.node("Relu", ["x"])])] }
        } throws: { "\($0)".contains("nothing of it is left to hide") }
    }

    // MARK: Programs from anywhere

    @Test func whatNoProgramMayBe() throws {
        func refused(
            _ steps: [OutputProgram.Step], value: Int = 1, shape: [Int] = [3], count: Int = 3
        ) {
            #expect(throws: ProgramError.self) {
                _ = try OutputProgram(
                    inputCount: count, steps: steps,
                    outputs: [.init(name: "y", value: value, shape: shape, meaning: .real)])
            }
        }
        typealias Step = OutputProgram.Step
        refused([Step(.gather(indices: [0, 1, 3], fill: 0), inputs: [0])])
        refused([Step(.gather(indices: [0, -2, 1], fill: 0), inputs: [0])])
        refused([Step(.scale(factors: [1, 1], terms: [0, 0]), inputs: [0])])
        refused([Step(.scale(factors: [1, 1, .nan], terms: [0, 0, 0]), inputs: [0])])
        refused([Step(.add, inputs: [0])])
        refused([Step(.add, inputs: [0, 1])])
        refused([Step(.softmax(outer: 1, count: 2, inner: 1), inputs: [0])])
        refused([Step(.softmax(outer: -1, count: -3, inner: 1), inputs: [0])])
        refused([Step(.argMax(outer: 1, count: 0, inner: 3, selectsLast: false), inputs: [0])])
        refused([Step(.normalize(.l1, count: 0), inputs: [0])])
        refused([Step(.vote(classes: 1 << 40), inputs: [0])])
        refused([Step(.equal, inputs: [0])])
        refused([Step(.lookUp([]), inputs: [0])])
        refused([Step(.lookUp([.infinity]), inputs: [0])])
        for (count, kept) in [(3, 0), (3, 4), (2, 1), (-3, 1)] {
            let step = TensorOperation.top(
                outer: 1, count: count, inner: 1, kept: kept, givesPlaces: true)
            refused([Step(step, inputs: [0])], shape: [max(kept, 1)])
        }
        refused([Step(.maximum(starts: [0, 4], indices: [0, 1, 2]), inputs: [0])])
        refused([Step(.maximum(starts: [0, 3, 2, 3], indices: [0, 1, 2]), inputs: [0])])
        refused([Step(.function(.relu), inputs: [0])], shape: [1 << 40, 1 << 40])
        refused([Step(.function(.relu), inputs: [0])], value: 2)
        for (weights, rows, inner, columns) in [
            ([1, 1, .nan], 1, 3, 1), ([1, 1], 1, 3, 1), ([1, 1, 1], -1, -3, -1),
            ([1, 1, 1], 3, 1, 3 << 60), ([1, 1, 1], .max, 3, 1),
        ] as [([Float], Int, Int, Int)] {
            let step = TensorOperation.matrix(
                weights: TensorWeights(values: weights), bias: nil, rows: rows, inner: inner,
                columns: columns)
            refused([Step(step, inputs: [0])], shape: [1])
        }
        refused([Step(.matrixProduct(batches: 1, rows: 1, inner: 3, columns: 1), inputs: [0, 0])])
        refused(Array(repeating: Step(.function(.relu), inputs: [0]), count: 4097))
    }
}
