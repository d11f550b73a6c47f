// SPDX-License-Identifier: Apache-2.0

import IntegerNetworks
import ONNXModels
import TensorGraphs
import TestSupport
import Testing

/// Shapes, folding and the operations that nodes become. What operators compute is for the operator conformance test.
@Suite struct TensorGraphTests {
    private func graph(
        _ input: [Int?], operatorSet: Int64 = 17, _ build: (inout ONNXBuilder) -> String
    ) throws -> TensorGraph {
        var builder = ONNXBuilder(input: input)
        let output = build(&builder)
        return try ONNXModel(builder.model([output], operatorSet: operatorSet)).tensorGraph()
    }

    private func values(_ graph: TensorGraph, _ sample: [Float]) throws -> [Float] {
        try FloatReference(graph).logits(sample)
    }

    @Test func reshapesMakeNoOperations() throws {
        let graph = try graph([nil, 2, 3]) { builder in
            let flat = builder.node("Flatten", ["x"])
            let target = builder.integers([0, 3, -1])
            let tall = builder.node("Reshape", [flat, target])
            let axes = builder.integers([1])
            let wide = builder.node("Unsqueeze", [tall, axes])
            return builder.node("Relu", [builder.node("Squeeze", [wide, axes])])
        }
        #expect(graph.nodes.count == 1 && graph.values.count == 2)
        #expect(graph.values[graph.outputs[0]].shape == [1, 3, 2])
        #expect(try values(graph, [-1, 2, -3, 4, 5, -6]) == [0, 2, 0, 4, 5, 0] as [Float])
    }

    /// x.view(x.size(0), -1), as PyTorch writes it.
    @Test func arithmeticOfShapesIsFolded() throws {
        let graph = try graph([nil, 2, 3]) { builder in
            let first = builder.integers("first", [0], dims: [], type: .int64)
            let shape = builder.node("Shape", ["x"])
            let size = builder.node("Gather", [shape, first])
            builder.attribute("axis", 0)
            let axes = builder.integers([0])
            let batch = builder.node("Unsqueeze", [size, axes])
            let rest = builder.integers([-2])
            let half = builder.integers([2])
            let product = builder.node("Div", [rest, half])
            let target = builder.node("Concat", [batch, product])
            builder.attribute("axis", 0)
            let flat = builder.node("Reshape", ["x", target])
            return builder.node("Neg", [flat])
        }
        #expect(graph.nodes.map(\.operator) == ["Neg"])
        #expect(graph.values[1].shape == [1, 6])
    }

    @Test func broadcasts() throws {
        let constant = try graph([nil, 2, 3]) { builder in
            let rows = builder.floats("rows", [10, 20], dims: [2, 1])
            return builder.node("Add", [rows, "x"])
        }
        guard case .scale(let factors, let terms) = constant.nodes[0].operation else {
            Issue.record("\(constant.nodes)")
            return
        }
        #expect(factors == [1, 1, 1, 1, 1, 1] as [Float])
        #expect(terms == [10, 10, 10, 20, 20, 20] as [Float])
        let difference = try graph([nil, 2]) { builder in
            builder.node("Sub", [builder.float("one", 1), "x"])
        }
        #expect(try values(difference, [3, 0.5]) == [-2, 0.5] as [Float])
        // [1, 2, 1] times [1, 2]; of two samples the second's axis would be the first's batch.
        let outer = try graph([1, 2]) { builder in
            let axes = builder.integers([2])
            return builder.node("Mul", [builder.node("Unsqueeze", ["x", axes]), "x"])
        }
        #expect(outer.values[outer.outputs[0]].shape == [1, 2, 2])
        #expect(try values(outer, [3, 5]) == [9, 15, 15, 25] as [Float])
    }

    @Test func squaresAreProductsOfOneValue() throws {
        for usesPower in [false, true] {
            let graph = try graph([nil, 2]) { builder in
                usesPower
                    ? builder.node("Pow", ["x", builder.float("two", 2)])
                    : builder.node("Mul", ["x", "x"])
            }
            guard case .multiply = graph.nodes[0].operation else {
                Issue.record("\(graph.nodes)")
                return
            }
            #expect(graph.nodes[0].inputs == [0, 0])
        }
    }

    @Test func branchesMeet() throws {
        let graph = try graph([nil, 2]) { builder in
            let left = builder.node("Relu", ["x"])
            let right = builder.node("Sigmoid", [left])
            let sum = builder.node("Add", [left, right])
            return builder.node("Sum", [sum, left, "x"])
        }
        let found = try values(graph, [-1, 0])
        #expect(found == [-0.5, 0.5] as [Float])
    }

    /// Integers of weights survive a Transpose and transB, with the axis of their scales.
    @Test(arguments: [false, true]) func quantizedWeightsKeepTheirIntegers(transposes: Bool) throws
    {
        let graph = try graph([nil, 3]) { builder in
            let codes = builder.integers("w", [1, 2, 3, 4, 5, 6], dims: [2, 3], type: .int8)
            let scales = builder.floats("s", [0.5, 0.25], dims: [2])
            var weights = builder.node("DequantizeLinear", [codes, scales])
            builder.attribute("axis", 0)
            if transposes { weights = builder.node("Transpose", [weights]) }
            let result = builder.node("Gemm", ["x", weights])
            if !transposes { builder.attribute("transB", 1) }
            return result
        }
        guard
            case .matrix(let weights, nil, rows: 1, inner: 3, columns: 2) = graph.nodes[0]
                .operation
        else {
            Issue.record("\(graph.nodes)")
            return
        }
        #expect(weights.quantization?.integers == [1, 4, 2, 5, 3, 6])
        #expect(weights.quantization?.scales == [0.5, 0.25])
        #expect(weights.quantization?.axis == 1)
        #expect(weights.values == [0.5, 1, 1, 1.25, 1.5, 1.5])
    }

    @Test func convolutionsOverALine() throws {
        let graph = try graph([nil, 2, 5]) { builder in
            let weights = builder.floats("w", [1, 2, 3, -1], dims: [2, 1, 2])
            let output = builder.node("Conv", ["x", weights])
            builder.attribute("group", 2)
            builder.attribute("dilations", [2])
            builder.attribute("pads", [1, 0])
            return output
        }
        guard case .convolution(let geometry, _, nil) = graph.nodes[0].operation else {
            Issue.record("\(graph.nodes)")
            return
        }
        #expect(geometry.input == ImageShape(channels: 2, height: 1, width: 5))
        #expect(geometry.output == ImageShape(channels: 2, height: 1, width: 4))
        #expect(geometry.padding == Padding(left: 1) && geometry.groups == 2)
        #expect(
            try values(graph, [1, 2, 3, 4, 5, 1, 1, 1, 1, 2])
                == [4, 7, 10, 13, -1, 2, 2, 1] as [Float])
    }

    /// Softmax of operator set 12 and before is over all axes from the given one on.
    @Test func olderOperatorSets() throws {
        for (version, expected) in [(12 as Int64, 1 / 4 as Float), (13, 1 / 2)] {
            let graph = try graph([nil, 2, 2], operatorSet: version) { builder in
                let output = builder.node("Softmax", ["x"])
                builder.attribute("axis", 1)
                return output
            }
            #expect(try values(graph, [7, 7, 7, 7]) == [Float](repeating: expected, count: 4))
        }
    }

    /// PyTorch's Softplus, with its threshold, is one function.
    @Test func thresholdOfSoftplusIsSeenThrough() throws {
        let graph = try graph([nil, 2]) { builder in
            let soft = builder.node("Softplus", ["x"])
            let truth = builder.node("Greater", ["x", builder.float("limit", 20)])
            return builder.node("Where", [truth, "x", soft])
        }
        #expect(graph.nodes.map(\.operator) == ["Softplus"])
    }

    @Test func severalOutputs() throws {
        var builder = ONNXBuilder(input: [nil, 3])
        let square = builder.node("Mul", ["x", "x"])
        let label = builder.node("ArgMax", ["x"]) + "_label"
        builder.graph.node[1].output = [label]
        builder.attribute("axis", 1)
        let model = try ONNXModel(builder.model([label, square]))
        #expect(model.graph.outputName == square)
        let graph = try model.tensorGraph()
        // The scores first, all of them by name.
        #expect(graph.outputNames == [square, label])
        #expect(graph.meanings == [.real, .label(["0", "1", "2"])])
        #expect(try FloatReference(graph).outputs([1, 5, 2]) == [[1, 25, 4], [1]])
        // Alone, the label is what there is to evaluate.
        let alone = try ONNXModel(builder.model([label])).tensorGraph()
        #expect(try values(alone, [1, 5, 2]) == [1] as [Float])
        let two = builder.model([square, "x"])
        #expect(try ONNXModel(two).tensorGraph().outputNames == [square, "x"])
        let both = try ONNXModel(two, for: .evaluation)
        #expect(try FloatReference(both.tensorGraph()).outputs([1, 2, 3]).count == 2)
    }

    @Test func batches() throws {
        var builder = ONNXBuilder(input: [2, 2])
        let output = builder.node("Softmax", ["x"])
        let proto = builder.model([output])
        #expect(try ONNXModel(proto).graph.fixedBatch == 2)
        let graph = try ONNXModel(proto, for: .evaluation).tensorGraph()
        #expect(try values(graph, [1, 1, 3, 3]) == [0.5, 0.5, 0.5, 0.5] as [Float])
    }

    // MARK: Refusals

    @Test(arguments: [
        ("GRU", "Conv over time"), ("LSTM", "recurrent"), ("Scan", "control flow"),
        ("NonMaxSuppression", "the operator is not supported; express"),
    ])
    func refusesByName(operation: String, advice: String) {
        refuses(advice, [nil, 1, 4, 4]) { $0.node(operation, ["x"]) }
    }

    @Test func refusesWithReasons() {
        refuses("[batch, channels, height, width]", [nil, 1, 2, 2, 2]) { builder in
            let weights = builder.floats("w", [1], dims: [1, 1, 1, 1, 1])
            return builder.node("Conv", ["x", weights])
        }
        refuses("input 1 must be a constant", [nil, 1, 4, 4]) { builder in
            builder.node("Conv", ["x", "x"])
        }
        refuses("sizes [1, 3] and [2]", [nil, 3]) { builder in
            builder.node("Add", ["x", builder.floats("c", [1, 2], dims: [2])])
        }
        refuses("attribute 'speed'", [nil, 3]) { builder in
            let output = builder.node("Relu", ["x"])
            builder.attribute("speed", 1)
            return output
        }
        refuses("training mode", [nil, 3]) { builder in
            let inputs = (0..<4).map { _ in builder.floats("p", [1, 2, 3], dims: [3]) }
            let output = builder.node("BatchNormalization", ["x"] + inputs)
            builder.attribute("training_mode", 1)
            return output
        }
        refuses("does not depend on the input", [nil, 3]) { $0.node("Shape", ["x"]) }
        refuses("elements", [nil, 3]) { builder in
            let target = builder.integers([1 << 20, 1 << 20, 3])
            return builder.node("Expand", ["x", target])
        }
    }

    /// Each tensor is within its limit; their sum is not.
    @Test func refusesGraphsThatGrow() {
        refuses("elements are accepted of a model that stores", [nil, 1]) { builder in
            let target = builder.integers([1, 1 << 16])
            var output = builder.node("Expand", ["x", target])
            for _ in 0..<64 { output = builder.node("Relu", [output]) }
            return output
        }
    }

    private func refuses(
        _ text: String, _ input: [Int?], sourceLocation: SourceLocation = #_sourceLocation,
        _ build: (inout ONNXBuilder) -> String
    ) {
        #expect(sourceLocation: sourceLocation) {
            _ = try graph(input, build)
        } throws: { error in
            error is ONNXError && "\(error)".contains(text)
        }
    }
}
