// SPDX-License-Identifier: Apache-2.0

import IntegerNetworks
import Quantization
import TensorGraphs
import TestSupport
import Testing

@Suite struct RealNetworkTests {
    /// Composition changes no value: against the float reference, over graphs of every operation.
    @Test(arguments: 0..<120 as Range<UInt64>)
    func computesWhatTheGraphDoes(seed: UInt64) throws {
        let model = RandomTensorGraph.make(seed: seed, samples: 6)
        let network = try RealNetwork(model.graph)
        let reference = FloatReference(model.graph)
        let values = network.evaluate(SampleMatrix(model.samples, count: network.inputCount))
        for (n, sample) in model.samples.enumerated() {
            let expected = try reference.logits(sample).map(Double.init)
            let found = network.transform.apply(values[network.output].sample(n))
            for (a, b) in zip(found, expected) {
                #expect(abs(a - b) <= 1e-3 * max(1, abs(b)), "seed \(seed)")
            }
        }
    }

    @Test func convolutionTakesInNormalizationAndPooling() throws {
        let builder = TensorGraphBuilder(input: [1, 6, 6])
        let weights = (0..<2 * 9).map { Float($0 % 5) - 1.7 }
        let convolution = builder.convolution(
            0, weights: weights, bias: [0.5, -0.5], maps: 2, kernel: 3, padding: 1)
        let normalized = builder.batchNormalization(
            convolution, factors: [2, 0.5], terms: [1, -1])
        let pooled = builder.averagePool(normalized, window: 2)
        let network = try RealNetwork(builder.graph([pooled]))
        #expect(network.nodes.count == 1)
        guard case .affine(let affine) = network.nodes[0].operation,
            case .convolution(let found) = affine.maps[0]
        else {
            Issue.record("no convolution")
            return
        }
        #expect(found.kernel == Extent(height: 4, width: 4))
        #expect(found.strides == Extent(height: 2, width: 2))
        #expect(found.padding == Padding(top: 1, left: 1, bottom: 1, right: 1))
        #expect(network.nodes[0].folded.count == 2)
    }

    @Test func residualIsOneMapOfTwoValues() throws {
        let builder = TensorGraphBuilder(input: [3])
        let first = builder.dense(0, weights: [1, 2, 3, 4, 5, 6, 7, 8, 9], outputs: 3)
        let square = builder.multiply(first, first)
        let branch = builder.dense(square, weights: [1, 0, 2, 0, 1, 0, 0, 0, 1], outputs: 3)
        let again = builder.multiply(branch, branch)
        let sum = builder.add(
            square, builder.dense(again, weights: [1, 1, 1, 1, 1, 1, 0, 0, 1], outputs: 3))
        let output = builder.dense(builder.multiply(sum, sum), weights: [1, 2, 3], outputs: 1)
        let network = try RealNetwork(builder.graph([output]))
        let residual = try #require(network.nodes.first { $0.sources.count == 2 })
        guard case .affine(let affine) = residual.operation else {
            Issue.record("no affine map")
            return
        }
        #expect(affine.maps.contains(.identity(3)))
        #expect(network.depth == 3)
    }

    @Test func elementwiseFormulasAreOneExpression() throws {
        let builder = TensorGraphBuilder(input: [4])
        let x = builder.dense(0, weights: [Float](repeating: 0.3, count: 16), outputs: 4)
        // x / 2 * (1 + erf(x / sqrt 2))
        let inner = builder.function(builder.scale(x, by: 0.7071068), .erf)
        let gelu = builder.multiply(
            builder.scale(x, by: 0.5), builder.scale(inner, by: 1, adding: 1))
        let network = try RealNetwork(
            builder.graph([builder.dense(gelu, weights: [1, 2, 3, 4], outputs: 1)]))
        #expect(network.nodes.count == 3)
        guard case .activation(let expression) = network.nodes[1].operation else {
            Issue.record("no activation")
            return
        }
        #expect(abs(expression(1.3) - ScalarFunction.gelu(1.3)) < 1e-6)
    }

    @Test func polynomialsStayExact() throws {
        let x = ScalarExpression.input
        let cubic = ScalarExpression.sum(
            .product(.constant(2), .function(.power(3), x)), .difference(x, .constant(4)))
        #expect(cubic.polynomial?.coefficients == [-4, 1, 0, 2])
        #expect(ScalarExpression.quotient(x, .constant(4)).affine?.factor == 0.25)
        #expect(ScalarExpression.function(.power(9), x).polynomial == nil)
        #expect(ScalarExpression.function(.sigmoid, x).polynomial == nil)
        #expect(ScalarExpression.quotient(.constant(1), x).polynomial == nil)
    }

    /// a x^2 + b x of each channel is one square of one value.
    @Test func squaresAreCompleted() throws {
        let builder = TensorGraphBuilder(input: [2, 3, 3])
        let x = builder.convolution(
            0, weights: (0..<16).map { Float($0) / 10 - 0.7 }, maps: 2, kernel: 2)
        let square = builder.batchNormalization(
            builder.multiply(x, x), factors: [0.5, -2], terms: [0, 1])
        let sum = builder.add(
            square, builder.batchNormalization(x, factors: [3, 1], terms: [0, 0]))
        let output = builder.dense(
            builder.flatten(sum), weights: (0..<16).map { Float($0 % 3) + 0.5 }, outputs: 2)
        let network = try RealNetwork(builder.graph([output]))
        #expect(network.nodes.allSatisfy { $0.sources.count == 1 })
        let sample = (0..<18).map { Float($0) / 9 - 1 }
        let found = network.evaluate(SampleMatrix([sample], count: 18))[network.output].sample(0)
        let expected = try FloatReference(builder.graph([output])).logits(sample)
        for (a, b) in zip(found, expected) { #expect(abs(a - Double(b)) < 1e-4) }
    }

    // MARK: Head and tail

    @Test func tailGoesToTheClient() throws {
        let builder = TensorGraphBuilder(input: [2])
        let score = builder.dense(0, weights: [1, -1], outputs: 1)
        let p = builder.function(score, .sigmoid)
        let both = builder.concatenate(builder.scale(p, by: -1, adding: 1), p)
        let network = try RealNetwork(builder.graph([both], labels: ["no", "yes"]))
        #expect(network.nodes.count == 1)
        #expect(network.decision == .sign && network.labels == ["no", "yes"])
        // Both are the model's output, and made by the client.
        #expect(network.program?.evaluate([0]) == [[0.5, 0.5]])
    }

    @Test func sigmoidBeforeLearnedLayersIsAnActivation() throws {
        let builder = TensorGraphBuilder(input: [2])
        let hidden = builder.function(
            builder.dense(0, weights: [1, -1, 2, 1], outputs: 2), .sigmoid)
        let network = try RealNetwork(
            builder.graph([builder.dense(hidden, weights: [1, 2], outputs: 1)]))
        #expect(network.depth == 1 && network.transform == .none)
        #expect(network.decision == .regression)
    }

    @Test func pairsVote() throws {
        let builder = TensorGraphBuilder(input: [2])
        let decisions = builder.dense(0, weights: [1, -1, 2, 1, 0, 1], outputs: 3)
        let label = builder.add("SVMClassifier", .vote(classes: 3), [decisions], shape: [1])
        let graph = builder.graph(
            [label], labels: ["a", "b", "c"],
            decisions: TensorGraph.Decisions(value: decisions, classes: 3))
        let network = try RealNetwork(graph)
        #expect(network.decision == .vote && network.labels.count == 3)
        #expect(network.count(of: network.output) == 3)
    }

    @Test func headGoesToTheClient() throws {
        let builder = TensorGraphBuilder(input: [4])
        let normalized = builder.add(
            "Normalizer", .normalize(.l2, count: 4), [0], shape: [4])
        let network = try RealNetwork(
            builder.graph([builder.dense(normalized, weights: [1, 2, 3, 4], outputs: 1)]))
        #expect(network.normalization == .l2 && network.nodes.count == 1)

        let clipping = TensorGraphBuilder(input: [4])
        let clipped = clipping.function(clipping.scale(0, by: 0.5, adding: 1), .clip(0, 2))
        let box = try RealNetwork(
            clipping.graph([clipping.dense(clipped, weights: [1, 2, 3, 4], outputs: 1)]))
        #expect(box.clip == -2...2 && box.nodes.count == 1)
    }

    @Test func prescribedIntegersAreKept() throws {
        let builder = TensorGraphBuilder(input: [1, 2, 2])
        let grid = QuantizationGrid(scale: 0.5, zeroPoint: 2, low: 0, high: 15)
        let codes = builder.add("QuantizeLinear", .quantize(grid), [0], shape: [1, 2, 2])
        let reals = builder.add("DequantizeLinear", .dequantize(grid), [codes], shape: [1, 2, 2])
        let output = builder.dense(builder.flatten(reals), weights: [1, 2, 3, 4], outputs: 1)
        let network = try RealNetwork(builder.graph([output]))
        #expect(
            network.fixedInput == RealNetwork.FixedInput(scale: 0.5, zeroPoint: 2, range: -2...13))
    }

    // MARK: Refusals

    private func refusal(
        _ make: (TensorGraphBuilder, Int) -> Int
    ) -> QuantizationError? {
        let builder = TensorGraphBuilder(input: [4])
        let hidden = builder.dense(0, weights: (0..<16).map { Float($0) }, outputs: 4)
        let value = make(builder, hidden)
        let count = builder.shape(value).reduce(1, *)
        let output = builder.dense(
            value, weights: [Float](repeating: 1, count: count), outputs: 1)
        do {
            _ = try RealNetwork(builder.graph([output]))
            return nil
        } catch {
            return error
        }
    }

    @Test func refusesWhatIsNoPolynomial() throws {
        func advice(_ error: QuantizationError?, _ text: String) -> Bool {
            guard case .unsupported(let node, _, let reason, let advice)? = error else {
                return false
            }
            return !node.isEmpty && !reason.isEmpty && advice.contains(text)
        }
        #expect(
            advice(
                refusal { builder, x in
                    builder.add(
                        "MaxPool", .maximum(starts: [0, 2, 4], indices: [0, 1, 2, 3]), [x],
                        shape: [2])
                }, "AveragePool"))
        #expect(
            advice(
                refusal { builder, x in
                    builder.add("Div", .divide, [x, 0], shape: [4])
                }, "constant"))
        #expect(advice(refusal { builder, x in builder.softmax(x) }, "last node"))
        #expect(
            advice(
                refusal { builder, x in
                    builder.add(
                        "ArgMax", .argMax(outer: 1, count: 4, inner: 1, selectsLast: false), [x],
                        shape: [1])
                }, "last node"))
        #expect(
            advice(
                refusal { builder, x in
                    builder.add("Normalizer", .normalize(.l1, count: 4), [x], shape: [4])
                }, "first of all"))
        #expect(refusal { _, x in x } == nil)
    }
}
