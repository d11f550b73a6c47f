// SPDX-License-Identifier: Apache-2.0

import ONNXModels
import TensorGraphs
import TestSupport
import Testing

/// Models of ai.onnx.ml, against what onnxruntime 1.31 gives for them.
@Suite struct ClassicalModelTests {
    private struct Case {
        var coefficients: [Float]
        var intercepts: [Float]
        var labels: [Int]
        var transform = "NONE"
        var expected: [Float]
    }

    private func isClose(_ a: [Float], _ b: [Float]) -> Bool {
        a.count == b.count && zip(a, b).allSatisfy { abs($0 - $1) <= 1e-4 * (1 + abs($1)) }
    }

    @Test func linearClassifiers() throws {
        let two: [Float] = [0.5, 0.25, -0.3, 0.4]
        let cases = [
            Case(
                coefficients: [0.5, 0.25], intercepts: [0.1], labels: [0, 1], expected: [-0.1, 1.1]),
            Case(
                coefficients: [0.5, 0.25], intercepts: [0.1], labels: [0, 1],
                transform: "LOGISTIC", expected: [0.24973989, 0.7502601]),
            Case(
                coefficients: two, intercepts: [0.1, 0.2], labels: [0, 1], expected: [1.1, 0.7]),
            Case(
                coefficients: two, intercepts: [0.1, 0.2], labels: [0, 1], transform: "SOFTMAX",
                expected: [0.59868765, 0.40131232]),
            Case(
                coefficients: two + [1, 0], intercepts: [0.1, 0.2, 0], labels: [3, 1, 2],
                transform: "LOGISTIC", expected: [0.7502601, 0.66818774, 0.7310586]),
        ]
        for item in cases {
            var builder = ONNXBuilder(input: [nil, 2])
            let outputs = builder.classical("LinearClassifier", ["x"], outputs: 2)
            builder.attribute("coefficients", item.coefficients)
            builder.attribute("intercepts", item.intercepts)
            builder.attribute("classlabels_ints", item.labels)
            builder.attribute("post_transform", item.transform)
            let graph = try ONNXModel(builder.model(outputs)).tensorGraph()
            let found = try FloatReference(graph).logits([1, 2])
            #expect(isClose(found, item.expected), "\(item): \(found)")
            #expect(graph.labels == item.labels.map(\.description))
        }
    }

    @Test func linearRegressor() throws {
        var builder = ONNXBuilder(input: [nil, 2])
        let scaled = builder.classical("Scaler", ["x"])[0]
        builder.attribute("offset", [1, 2] as [Float])
        builder.attribute("scale", [2, 0.5] as [Float])
        let output = builder.classical("LinearRegressor", [scaled])
        builder.attribute("targets", 2)
        builder.attribute("coefficients", [0.5, 0.25, 1, 2] as [Float])
        builder.attribute("intercepts", [0.1, 0.2] as [Float])
        let reference = try FloatReference(ONNXModel(builder.model(output)))
        // Scaled to (2, 4).
        #expect(isClose(try reference.logits([2, 10]), [2.1, 10.2]))
    }

    private func classifier(
        _ builder: inout ONNXBuilder, kernel: String, classes: Int
    ) -> [String] {
        let outputs = builder.classical("SVMClassifier", ["x"], outputs: 2)
        let isPair = classes == 2
        builder.attribute(
            "coefficients",
            (isPair ? [0.5, 0.25, -0.3] : [0.5, 0.25, -0.3, 0.2, 0.1, -0.2, 0.6, 0.4]) as [Float])
        builder.attribute(
            "support_vectors", [1, 2, 3, 4, -1, 2] + (isPair ? [] : [0, 1]) as [Float])
        builder.attribute("vectors_per_class", isPair ? [2, 1] : [2, 1, 1])
        builder.attribute("rho", (isPair ? [0.1] : [0.1, 0.2, 0.3]) as [Float])
        builder.attribute("kernel_params", [0.5, 1, 2] as [Float])
        builder.attribute("kernel_type", kernel)
        builder.attribute("classlabels_strings", (0..<classes).map { "class \($0)" })
        return outputs
    }

    @Test(
        arguments: [
            ("LINEAR", [4.45, -1.1, 2.9], [1, 2], 0), ("LINEAR", [-0.75, 0.5, 1.7], [-1, 0.5], 1),
            ("LINEAR", [-7.2, 2.4, -3.3], [-2, -3], 0),
            ("POLY", [14.9125, -6.225, 5.65], [1, 2], 0),
            ("POLY", [-0.5375, 0.5625, 3.325], [-1, 0.5], 1),
            ("POLY", [20.3, -11.65, 1], [-2, -3], 0),
        ] as [(String, [Float], [Float], Int)])
    func supportVectorClassifier(
        kernel: String, decisions: [Float], sample: [Float], label: Int
    ) throws {
        var builder = ONNXBuilder(input: [nil, 2])
        let outputs = classifier(&builder, kernel: kernel, classes: 3)
        let graph = try ONNXModel(builder.model(outputs)).tensorGraph()
        #expect(isClose(try FloatReference(graph).logits(sample), decisions))
        #expect(graph.decisions == TensorGraph.Decisions(value: graph.outputs[0], classes: 3))
        #expect(graph.labels == ["class 0", "class 1", "class 2"])
        // The label alone is a vote over the same decisions.
        let voting = try ONNXModel(builder.model([outputs[0]])).tensorGraph()
        guard case .vote(classes: 3)? = voting.nodes.last?.operation else {
            Issue.record("\(voting.nodes)")
            return
        }
        #expect(try FloatReference(voting).logits(sample) == [Float(label)])
        #expect(voting.decisions?.value == voting.nodes.last?.inputs[0])
    }

    @Test(
        arguments: [
            ("LINEAR", "NONE", [-4.45, 4.45]), ("POLY", "NONE", [-14.9125, 14.9125]),
            ("LINEAR", "LOGISTIC", [0.01154375, 0.98845625]),
        ] as [(String, String, [Float])])
    func twoClasses(kernel: String, transform: String, scores: [Float]) throws {
        var builder = ONNXBuilder(input: [nil, 2])
        let outputs = classifier(&builder, kernel: kernel, classes: 2)
        builder.attribute("post_transform", transform)
        let graph = try ONNXModel(builder.model(outputs)).tensorGraph()
        #expect(isClose(try FloatReference(graph).logits([1, 2]), scores))
        #expect(graph.decisions?.classes == 2)
        let voting = try ONNXModel(builder.model([outputs[0]]))
        #expect(try FloatReference(voting).logits([1, 2]) == [0])
    }

    @Test func supportVectorRegressor() throws {
        for (kernel, expected) in [("LINEAR", 5.35 as Float), ("POLY", 16.7875)] {
            var builder = ONNXBuilder(input: [nil, 2])
            let output = builder.classical("SVMRegressor", ["x"])
            builder.attribute("coefficients", [0.5, 0.25] as [Float])
            builder.attribute("support_vectors", [1, 2, 3, 4] as [Float])
            builder.attribute("n_supports", 2)
            builder.attribute("rho", [0.1] as [Float])
            builder.attribute("kernel_params", [0.5, 1, 2] as [Float])
            builder.attribute("kernel_type", kernel)
            let reference = try FloatReference(ONNXModel(builder.model(output)))
            #expect(isClose(try reference.logits([1, 2]), [expected]))
        }
    }

    @Test(
        arguments: [
            ("MAX", [1, 1.5]), ("L1", [-0.4, -0.6]), ("L2", [-0.5547002, -0.83205]),
        ] as [(String, [Float])])
    func normalizer(norm: String, expected: [Float]) throws {
        var builder = ONNXBuilder(input: [nil, 2])
        let output = builder.classical("Normalizer", ["x"])
        builder.attribute("norm", norm)
        let reference = try FloatReference(ONNXModel(builder.model(output)))
        #expect(isClose(try reference.logits([-2, -3]), expected))
        #expect(try reference.logits([0, 0]) == [0, 0])
    }

    /// What follows scores for people: ZipMap is seen through, and looking up a label is left to who reads it.
    @Test func labels() throws {
        var builder = ONNXBuilder(input: [nil, 2])
        let classes = builder.integers("classes", [4, 9], dims: [2], type: .int64)
        let best = builder.node("ArgMax", ["x"])
        builder.attribute("axis", 1)
        let label = builder.classical("ArrayFeatureExtractor", [classes, best])[0] + "_label"
        builder.graph.node[builder.graph.node.count - 1].output = [label]
        let scores = builder.classical("ZipMap", [builder.node("Sigmoid", ["x"])])[0]
        let graph = try ONNXModel(builder.model([label, scores])).tensorGraph()
        #expect(graph.labels == ["4", "9"])
        #expect(Set(graph.nodes.map(\.operator)) == ["Sigmoid", "ArgMax"])
        #expect(graph.meanings == [.real, .label(["4", "9"])])
    }

    @Test func refusals() {
        func refuses(_ text: String, _ build: (inout ONNXBuilder) -> [String]) {
            var builder = ONNXBuilder(input: [nil, 2])
            let outputs = build(&builder)
            #expect {
                try ONNXModel(builder.model(outputs)).tensorGraph()
            } throws: { error in
                error is ONNXError && "\(error)".contains(text)
            }
        }
        refuses("LINEAR and POLY") { classifier(&$0, kernel: "RBF", classes: 3) }
        refuses("probability=False") { builder in
            let outputs = classifier(&builder, kernel: "POLY", classes: 3)
            builder.attribute("prob_a", [1, 1, 1] as [Float])
            return outputs
        }
        refuses("no nodes_modes") { $0.classical("TreeEnsemble", ["x"]) }
        refuses("coefficients") { builder in
            let outputs = builder.classical("LinearRegressor", ["x"])
            builder.attribute("coefficients", [1] as [Float])
            return outputs
        }
    }
}
