// SPDX-License-Identifier: Apache-2.0

import BigIntegers
import IntegerNetworks
import ONNXModels
import SwiftProtobuf
import TensorGraphs
import TestSupport
import Testing

@Suite struct ONNXImportTests {
    /// The second half: convolutions of a window of their image.
    @Test(arguments: 0..<120 as Range<UInt64>)
    func roundTrip(seed: UInt64) throws {
        var generator = SplitMix64(seed: seed)
        var options = RandomNetwork.Options()
        options.low = 0...0
        options.crops = seed >= 60
        let network = RandomNetwork.make(using: &generator, options: options)
        let style = ONNXBuilder.Style.random(using: &generator)
        let bytes: [UInt8] = try ONNXBuilder.model(of: network, style: style).serializedBytes()
        let model = try ONNXModel.load(bytes)
        #expect(try model.integerNetwork() == network, "seed \(seed), \(style)")
    }

    /// The float evaluation of the graph is the integer network times its scale: all is exact while below 2^24.
    @Test(arguments: 0..<120 as Range<UInt64>)
    func floatReferenceAgrees(seed: UInt64) throws {
        var generator = SplitMix64(seed: seed)
        var options = RandomNetwork.Options()
        options.low = 0...0
        options.crops = seed >= 60
        options.linearLayers = 1...2
        let network = RandomNetwork.make(using: &generator, options: options)
        let style = ONNXBuilder.Style.random(using: &generator)
        let bytes: [UInt8] = try ONNXBuilder.model(of: network, style: style).serializedBytes()
        let reference = try FloatReference(ONNXModel.load(bytes))
        for _ in 0..<10 {
            let reals = (0..<network.inputCount).map { _ in
                Float.random(in: -2...4, using: &generator)
            }
            let integers = try network.input.quantize(reals)
            let expected = try IntegerReference.logits(network, input: integers).map {
                Float(try #require(Int64(exactly: $0))) * Float(network.units.scale)
            }
            #expect(try reference.logits(reals) == expected, "seed \(seed), \(style)")
        }
    }

    @Test func zeroPointMovesTheBox() throws {
        let network = try IntegerNetwork(
            input: InputSpecification(shape: [2], range: -3...4, scale: 0.5, zeroPoint: 10),
            layers: [.dense(Dense(weights: [1, 2], bias: [3], inputs: 2, outputs: 1))],
            outputScale: 0.125, labels: ["only"])
        for clipsReals in [true, false] {
            let style = ONNXBuilder.Style(clipsReals: clipsReals)
            let bytes: [UInt8] = try ONNXBuilder.model(of: network, style: style)
                .serializedBytes()
            #expect(try ONNXModel.load(bytes).integerNetwork() == network)
        }
    }

    @Test func boxWithoutClipIsTheRangeOfTheType() throws {
        var builder = ONNXBuilder(style: .init())
        builder.graph.input = [ONNXBuilder.info("x", [1, 2])]
        let step = builder.float("step", 0.5)
        let zero = builder.integers("zero", [-1], dims: [], type: .int8)
        let codes = builder.node("QuantizeLinear", ["x", step, zero])
        let reals = builder.node("DequantizeLinear", [codes, step, zero])
        let square = builder.node("Mul", [reals, reals])
        builder.graph.output = [ONNXBuilder.info(square, [1, 2])]
        let network = try ONNXModel(ONNXBuilder.model(builder.graph)).integerNetwork()
        #expect(network.input.range == -127...128)
        #expect(network.labels == ["0", "1"])
        #expect(network.units.scale == 0.25)
    }

    @Test(arguments: [
        ("SAME_UPPER", 2, Padding(top: 0, left: 1, bottom: 1, right: 1)),
        ("SAME_LOWER", 2, Padding(top: 1, left: 1, bottom: 0, right: 1)),
        ("SAME_UPPER", 1, Padding(top: 1, left: 1, bottom: 1, right: 1)),
        ("VALID", 1, Padding()),
    ])
    func automaticPadding(mode: String, stride: Int, padding: Padding) throws {
        let graph = convolutionGraph { builder in
            builder.attribute("auto_pad", mode)
            builder.attribute("strides", [stride, stride])
        }
        let network = try ONNXModel(ONNXBuilder.model(graph)).integerNetwork()
        guard case .convolution(let layer) = network.layers[0] else {
            Issue.record("no convolution")
            return
        }
        #expect(layer.padding == padding)
    }

    @Test(arguments: [
        ("group", "group"), ("dilations", "dilations"), ("auto_pad", "auto_pad"),
        ("ceil_mode", "ceil_mode"),
    ])
    func refusesConvolutionAttributes(attribute: String, expected: String) throws {
        let graph = convolutionGraph { builder in
            switch attribute {
            case "group": builder.attribute("group", 2)
            case "dilations": builder.attribute("dilations", [2, 1])
            case "auto_pad": builder.attribute("auto_pad", "MIRROR")
            default: builder.attribute(attribute, 1)
            }
        }
        try expectRefusal(ONNXBuilder.model(graph), node: "conv", mentions: expected)
    }

    @Test func refusesUnknownOperatorsByName() throws {
        var graph = convolutionGraph { _ in }
        graph.node[graph.node.count - 1].opType = "Tan"
        graph.node[graph.node.count - 1].input.removeLast(1)
        try expectRefusal(ONNXBuilder.model(graph), node: "conv", mentions: "Gemm")
    }

    /// Outputs of one unit are asked for; in between a QuantizeLinear may take scales of their own.
    @Test func refusesScalesPerChannelAtTheEnd() throws {
        var builder = ONNXBuilder(style: .init())
        let x = quantizedInput(&builder, shape: [1, 2])
        let codes = builder.integers("w", [1, 2, 3, 4], dims: [2, 2], type: .int8)
        let scales = builder.floats("scales", [0.5, 0.25], dims: [2])
        let weights = builder.node("DequantizeLinear", [codes, scales])
        builder.attribute("axis", 1)
        finish(&builder, builder.node("Gemm", [x, weights]), count: 2)
        let model = ONNXBuilder.model(builder.graph)
        try expectRefusal(model, node: "gemm", mentions: "scores with a scale each")
        // The float evaluation follows them: x = [1, 1] gives the columns' sums, 0.5 (1 + 3) and 0.25 (2 + 4).
        let floats = try FloatReference(ONNXModel(model)).logits([1, 1])
        #expect(floats == [2, 1.5] as [Float])
    }

    @Test func refusesABiasOfAnotherScale() throws {
        try expectRefusal(biased { $0.scaled([1], dims: [1], type: .int32, scale: 0.3) })
        try expectRefusal(biased { $0.floats("b", [0.3], dims: [1]) })
        // 0.125 is the scale: whole multiples are taken as integers.
        let model = biased { $0.floats("b", [-1.25], dims: [1]) }
        guard case .dense(let layer) = try ONNXModel(model).integerNetwork().layers[0] else {
            Issue.record("no dense layer")
            return
        }
        #expect(layer.bias == [-10])
    }

    @Test func addsABiasToEachMap() throws {
        var builder = ONNXBuilder(style: .init())
        let x = quantizedInput(&builder, shape: [1, 1, 2, 2])
        let weights = builder.scaled([1, 2], dims: [2, 1, 1, 1], type: .int8, scale: 0.25)
        let maps = builder.node("Conv", [x, weights])
        let bias = builder.scaled([5, -6], dims: [2, 1, 1], type: .int32, scale: 0.125)
        finish(&builder, builder.node("Identity", [builder.node("Add", [bias, maps])]), count: 8)
        let model = try ONNXModel(ONNXBuilder.model(builder.graph))
        guard case .convolution(let layer) = try model.integerNetwork().layers[0] else {
            Issue.record("no convolution")
            return
        }
        #expect(layer.bias == [5, -6])
        let floats = try FloatReference(model).logits([0.5, 0, 0, 1])
        #expect(floats == [0.75, 0.625, 0.625, 0.875, -0.5, -0.75, -0.75, -0.25] as [Float])
    }

    @Test func refusesBranches() throws {
        var builder = ONNXBuilder(style: .init())
        let x = quantizedInput(&builder, shape: [1, 2])
        let first = builder.node("Mul", [x, x])
        builder.node("Mul", [first, first])
        finish(&builder, builder.node("Mul", [x, x]), count: 2)
        try expectRefusal(
            ONNXBuilder.model(builder.graph), node: "mul", mentions: "a chain of layers")
    }

    private func quantizedInput(_ builder: inout ONNXBuilder, shape: [Int]) -> String {
        builder.graph.input = [ONNXBuilder.info("x", shape)]
        let step = builder.float("step", 0.5)
        let codes = builder.node("QuantizeLinear", ["x", step])
        return builder.node("DequantizeLinear", [codes, step])
    }

    private func finish(_ builder: inout ONNXBuilder, _ output: String, count: Int) {
        builder.graph.output = [ONNXBuilder.info(output, [1, count])]
    }

    private func biased(_ bias: (inout ONNXBuilder) -> String) -> ONNXModelProto {
        var builder = ONNXBuilder(style: .init())
        let x = quantizedInput(&builder, shape: [1, 2])
        let weights = builder.scaled([1, 2], dims: [2, 1], type: .int8, scale: 0.25)
        let term = bias(&builder)
        finish(&builder, builder.node("Gemm", [x, weights, term]), count: 1)
        return ONNXBuilder.model(builder.graph)
    }

    /// A 3x3 kernel over a 6x5 image; `attributes` adds to the Conv.
    private func convolutionGraph(_ attributes: (inout ONNXBuilder) -> Void) -> ONNXGraphProto {
        var builder = ONNXBuilder(style: .init())
        let x = quantizedInput(&builder, shape: [1, 1, 6, 5])
        let weights = builder.scaled(
            Array(repeating: 1, count: 9), dims: [1, 1, 3, 3], type: .int8, scale: 0.25)
        let output = builder.node("Conv", [x, weights])
        attributes(&builder)
        finish(&builder, output, count: 1)
        return builder.graph
    }

    private func expectRefusal(
        _ model: ONNXModelProto, node: String = "", mentions text: String = "",
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        let bytes: [UInt8] = try model.serializedBytes()
        #expect(sourceLocation: sourceLocation) {
            _ = try ONNXModel.load(bytes).integerNetwork()
        } throws: { error in
            guard case .unsupported(let name, _, _) = error as? ONNXError else { return false }
            return name.hasPrefix(node) && (text.isEmpty || "\(error)".contains(text))
        }
    }
}
