// SPDX-License-Identifier: Apache-2.0

import IntegerNetworks
import ONNXModels
import Quantization
import Samples
import SwiftProtobuf
import TensorGraphs
import TestSupport
import Testing

/// What becomes of models of Tests/Vectors/onnx.json, and of others that people have, as networks.
@Suite struct ONNXFileLoweringTests {
    private func samples(_ count: Int, _ shape: [Int], in range: ClosedRange<Float>) -> SampleSet {
        var generator = SplitMix64(seed: 7)
        return SampleSet(
            (0..<count).map { _ in
                (0..<shape.reduce(1, *)).map { _ in Float.random(in: range, using: &generator) }
            }, sampleShape: shape)
    }

    /// Integer networks come near what the runtime computes.
    @Test(arguments: [
        "conv-pad", "conv-pad-dilated", "qlinear-conv", "qlinear-matmul", "qgemm", "matmul-integer",
        "qdq-float-weights", "functions", "fp16-weights", "fixed-batch",
    ])
    func integersComeNear(name: String) throws {
        let model = try ONNXCase.named(name).load()
        let shape = Array(try model.tensorGraph().values[0].shape.dropFirst())
        let samples = samples(60, shape, in: -1...1)
        let found = try Quantizer(model, calibration: samples).quantize()
        #expect(found.report.integer.relativeError < 0.35, "\(found.report.integer)")
    }

    @Test func paddingWiderThanTheKernelIsARowOfZeros() throws {
        let model = try ONNXCase.named("conv-pad").load()
        let network = try RealNetwork(model.tensorGraph())
        #expect(network.shape(of: network.output) == [2, 4, 4])
    }

    /// 3 bits and more give integers beyond 62 bits: the usual bits give way, those asked for don't.
    @Test func fewerBitsAreFoundOrNamed() throws {
        // The first that they are too many for; the next ones are too deep for any.
        let sizes = [2, 4, 8, 16, 32].flatMap { width in [4, 5].map { (width, $0) } }
        let found = sizes.lazy.compactMap { width, depth in
            let samples = self.samples(50, [width], in: -1...1)
            let graph = self.squares(depth, width: width)
            return (try? Quantizer(graph: graph, calibration: samples)).map { (graph, samples, $0) }
        }.first { $0.2.options.bits != QuantizationOptions().bits }
        let (graph, samples, quantizer) = try #require(found)
        #expect(quantizer.options.bits == 2...4)
        _ = try quantizer.quantize()
        var asked = QuantizationOptions()
        asked.bits = 3...5
        #expect {
            _ = try Quantizer(graph: graph, calibration: samples, options: asked)
        } throws: { error in
            "\(error)".contains("2 to 4 bits would do")
        }
        asked.bits = 2...4
        _ = try Quantizer(graph: graph, calibration: samples, options: asked).quantize()
    }

    /// Squares of dense layers with biases, one after another.
    private func squares(_ depth: Int, width: Int) -> TensorGraph {
        let builder = TensorGraphBuilder(input: [width])
        var value = 0
        for layer in 0..<depth {
            let weights = (0..<width * width).map { Float(($0 * 7 + layer) % 13) / 40 - 0.15 }
            let sums = builder.dense(value, weights: weights, outputs: width)
            let biased = builder.scale(sums, by: 1, adding: 0.5)
            value = builder.multiply(biased, biased)
        }
        value = builder.dense(value, weights: (0..<2 * width).map { Float($0 % 5) - 2 }, outputs: 2)
        return builder.graph([value])
    }

    /// Inputs that are 0 or 1: the threshold is the input itself. Bernoulli naive Bayes is written so.
    @Test func bitsThroughAThreshold() throws {
        var builder = ONNXBuilder(input: [nil, 8])
        let truth = builder.node("Greater", ["x", builder.float("half", 0.5)])
        let bits = builder.node("Cast", [truth])
        builder.attribute("to", 1)
        let weights = (0..<24).map { Float(($0 * 11) % 17) / 8 - 1 }
        let scores = builder.node("MatMul", [bits, builder.floats("w", weights, dims: [8, 3])])
        let model = try ONNXModel(builder.model([scores]))
        var generator = SplitMix64(seed: 9)
        let samples = (0..<60).map { _ in
            (0..<8).map { _ in Float(Int.random(in: 0...1, using: &generator)) }
        }
        let report = try Quantizer(
            model, calibration: SampleSet(samples, sampleShape: [8])
        ).quantize().report
        #expect(report.polynomial.relativeError < 1e-9 && report.polynomial.agreement == 1)
        #expect(report.integer.agreement == 1 && report.integer.relativeError < 0.02)
    }

    @Test func constantOutputsAreRefused() throws {
        let builder = TensorGraphBuilder(input: [4])
        let hidden = builder.function(
            builder.dense(0, weights: [Float](repeating: 0, count: 12), outputs: 3), .relu)
        let graph = builder.graph([builder.dense(hidden, weights: [1, 2, 3], outputs: 1)])
        #expect {
            _ = try Quantizer(graph: graph, calibration: samples(9, [4], in: 0...1))
        } throws: { error in
            "\(error)".contains("the same for all 9 samples")
        }
    }

    /// Not every tool keeps nodes in order.
    @Test func nodesMayComeInAnyOrder() throws {
        var builder = ONNXBuilder(input: [nil, 2])
        let first = builder.node("Neg", ["x"])
        let second = builder.node("Relu", [first])
        let third = builder.node("Neg", [second])
        var proto = builder.model([third])
        proto.graph.node.reverse()
        #expect(try FloatReference(ONNXModel(proto)).logits([2, -3]) == [0, -3])
        // A circle has no order.
        proto.graph.node[2].input = [third]
        #expect(throws: ONNXError.self) { try ONNXModel(proto) }
    }

    /// Calls may multiply, up to a limit.
    @Test func functionsAreWrittenOutToALimit() throws {
        func model(_ depth: Int) throws -> ONNXModel {
            var builder = ONNXBuilder(input: [nil, 2])
            let output = builder.node("f0", ["x"])
            builder.graph.node[0].domain = "own"
            var proto = builder.model([output])
            for level in 0...depth {
                var function = ONNXFunctionProto()
                (function.name, function.domain) = ("f\(level)", "own")
                (function.input, function.output) = (["a"], ["c"])
                for (input, output) in [("a", "b"), ("b", "c")] {
                    var node = ONNXNodeProto()
                    (node.input, node.output) = ([input], [output])
                    (node.opType, node.domain) =
                        level == depth ? ("Neg", "") : ("f\(level + 1)", "own")
                    function.node.append(node)
                }
                proto.functions.append(function)
            }
            return try ONNXModel(proto)
        }
        #expect(try FloatReference(model(5)).logits([1, 2]) == [1, 2])
        #expect { try model(25) } throws: { "\($0)".contains("written out") }
    }
}
