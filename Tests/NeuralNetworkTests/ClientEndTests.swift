// SPDX-License-Identifier: Apache-2.0

import IntegerNetworks
import ONNXModels
import Quantization
import Samples
import TensorGraphs
import TestSupport
import Testing

/// Ends of models that the client computes, as onnxruntime answers: labels, truth values, ranks.
@Suite struct ClientEndTests {
    private static let examples = ONNXCase.all.filter { $0.name.hasPrefix("end-") }

    /// The encrypted part in reals, then what the client makes of it.
    @Test(arguments: examples) func clientGivesTheRuntimesAnswer(of example: ONNXCase) throws {
        let network = try RealNetwork(example.load().tensorGraph())
        // Affine maps are all that the server is left.
        for node in network.nodes { #expect(network.isAffine(node), "\(node.name)") }
        let samples = try #require(example.samples)
        let outputs = try #require(example.outputs)
        for (sample, expected) in zip(samples, outputs) {
            let inner = try PolynomialNetwork(network).outputs([sample])[0]
            let found =
                network.program?.evaluate(inner.map { Float($0) })[0]
                ?? network.transform.apply(inner).map { Float($0) }
            #expect(found.count == expected.count)
            let meaning = network.program?.outputs[0].meaning ?? .real
            for (a, b) in zip(found.map(meaning.number), expected) {
                #expect(abs(a - b) <= 1e-5 * (1 + abs(b)), "\(found) for \(expected)")
            }
        }
    }

    @Test func thereAreExamples() {
        #expect(Self.examples.count > 45)
        #expect(Set(Self.examples.map(\.name)).count == Self.examples.count)
    }

    private func network(_ name: String) throws -> RealNetwork {
        try RealNetwork(ONNXCase.named(name).load().tensorGraph())
    }

    /// Other numbers or names for classes decide as the classes do, and are no steps where they can be names.
    @Test func labelsOfOtherNumbers() throws {
        let network = try network("end-label-arithmetic")
        #expect(network.decision == .largest)
        let program = try #require(network.program)
        #expect(program.labelNames == ["1", "-1", "-3", "-6"])
        #expect(program.steps.count == 1)
        #expect(try self.network("end-top").decision == .regression)
        let option = try #require(try self.network("end-label-or-none").program)
        #expect(option.labelNames == ["-1", "0", "1", "2", "3"])
    }

    /// Codes of one scale are in the order of what they stand for.
    @Test func argMaxOfCodes() throws {
        let example = try ONNXCase.named("rings-operators-argmax")
        let samples = try #require(example.samples)
        let labels = try #require(example.outputs).map { Int($0[0]) }
        let quantized = try Quantizer(
            example.load(), calibration: SampleSet(samples, sampleShape: [2]), labels: labels
        ).quantize()
        #expect(quantized.report.float.accuracy == 1)
        #expect(quantized.report.integer.accuracy ?? 0 >= 0.95)
    }

    /// Codes that are compared and what they stand for, an output as well, are one encrypted value.
    @Test func codesBesideTheirReals() throws {
        var builder = ONNXBuilder(input: [nil, 2])
        let scores = builder.node(
            "MatMul", ["x", builder.floats("w", [1, 0, -1, 2, 1, 0], dims: [2, 3])])
        let (step, zero) = (
            builder.float("step", 0.05), builder.integers("zero", [3], dims: [], type: .int8)
        )
        let codes = builder.node("QuantizeLinear", [scores, step, zero])
        let label = builder.node("ArgMax", [codes]) + "_label"
        builder.graph.node[builder.graph.node.count - 1].output = [label]
        builder.attribute("axis", 1)
        let reals = builder.node("DequantizeLinear", [codes, step, zero])
        let model = try ONNXModel(builder.model([reals, label]))
        let network = try RealNetwork(model.tensorGraph())
        #expect(network.count(of: network.output) == 3 && network.decision == .largest)
        let outputs = try FloatReference(model.tensorGraph()).outputs([1, 0.51])
        #expect(outputs[0].elementsEqual([2.0, 0.5, -1]) { abs($0 - $1) < 0.03 })
        #expect(outputs[1] == [0])
    }

    @Test func oneTargetIsNotTransformed() throws {
        let notes = try network("end-regressor-1-logistic").folded
        #expect(notes.contains { $0.contains("LOGISTIC of one target changes nothing") })
        #expect(try network("end-regressor-3-logistic").folded.isEmpty)
    }

    private func refuses(_ text: String, _ build: (inout ONNXBuilder, String) -> String) {
        var builder = ONNXBuilder(input: [nil, 3])
        let label = builder.node("ArgMax", ["x"])
        builder.attribute("axis", 1)
        let output = build(&builder, label)
        #expect {
            _ = try ONNXModel(builder.model([output])).tensorGraph()
        } throws: { error in
            error is ONNXError && "\(error)".contains(text)
        }
    }

    /// Float has no whole number beyond 2^24 for sure, and narrow integers wrap around.
    @Test func whatIsNoExactNumberIsRefused() {
        refuses("integers below 2^24") { builder, label in
            builder.node("Add", [label, builder.integers([1, 1 << 24])])
        }
        refuses("may be 2^24 and more") { builder, label in
            builder.node("Mul", [label, builder.integers([1, 1 << 23])])
        }
        refuses("may not fit uint8") { builder, label in
            let less = builder.node("Sub", [label, builder.integers([1])])
            let cast = builder.node("Cast", [less])
            builder.attribute("to", 2)
            return cast
        }
        refuses("may not fit int8") { builder, label in
            let many = builder.node("Mul", [label, builder.integers([50, 64])])
            let cast = builder.node("Cast", [many])
            builder.attribute("to", 3)
            return cast
        }
        refuses("an activation to uint8") { builder, _ in
            let cast = builder.node("Cast", ["x"])
            builder.attribute("to", 2)
            return cast
        }
        refuses("divided by zero") { builder, label in
            builder.node("Div", [label, builder.integers([1, 0])])
        }
        refuses("divided by zero") { builder, label in
            builder.node("Div", [label, builder.integers([0])])
        }
        refuses("4 of 3 elements") { builder, _ in
            builder.node("TopK", ["x", builder.integers([4])])
        }
        refuses("two finite constants") { builder, label in
            builder.node(
                "OneHot",
                [label, builder.integers([3]), builder.floats("v", [0, .infinity], dims: [2])])
        }
        refuses("different sizes") { builder, label in
            builder.node("SequenceConstruct", [label, "x"])
        }
    }

    // MARK: Whether there is a label

    private func decision(
        _ sizes: [Int64], name: String? = nil, _ operation: String? = nil
    ) throws -> Decision {
        var builder = ONNXBuilder(input: [nil, 2])
        let weights = builder.floats("w", (0..<48).map { Float($0 % 7) - 3 }, dims: [2, 24])
        var value = builder.node("MatMul", ["x", weights])
        if sizes.count > 2 { value = builder.node("Reshape", [value, builder.integers(sizes)]) }
        if let operation { value = builder.node(operation, [value]) }
        let output = name ?? value
        builder.graph.node[builder.graph.node.count - 1].output = [output]
        return try RealNetwork(ONNXModel(builder.model([output])).tensorGraph()).decision
    }

    /// Several values alone are classes where they are one row a sample; of a forecast no label is made up.
    @Test func forecastsHaveNoLabel() throws {
        #expect(try decision([-1, 24]) == .largest)
        #expect(try decision([-1, 24, 1, 1]) == .largest)
        #expect(try decision([-1, 24, 1]) == .regression)
        #expect(try decision([-1, 4, 6]) == .regression)
        #expect(try decision([-1, 1, 24]) == .regression)
        #expect(try decision([-1, 1, 24], "Softmax") == .largest)
        #expect(try decision([-1, 24], name: "variable") == .regression)
        #expect(try decision([-1, 24], name: "Forecast") == .regression)
        // What follows the layer makes no difference.
        #expect(try decision([-1, 24, 1], "Tanh") == .regression)
        #expect(try decision([-1, 24], "Tanh") == .largest)
    }
}

extension RealNetwork {
    fileprivate func isAffine(_ node: Node) -> Bool {
        if case .affine = node.operation { true } else { false }
    }
}

extension TensorGraph.Meaning {
    /// What an element stands for, where its names are numbers.
    func number(_ element: Float) -> Float {
        guard case .label(let names) = self, names.indices.contains(Int(element)) else {
            return element
        }
        return Float(names[Int(element)]) ?? element
    }
}
