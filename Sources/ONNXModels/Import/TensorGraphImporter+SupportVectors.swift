// SPDX-License-Identifier: Apache-2.0

import IntegerNetworks

/// ai.onnx.ml's support vector machines with linear and polynomial kernels.
extension TensorGraphImporter {
    mutating func supportVectorRegressor(_ node: ONNXNode) throws(ONNXError) -> ImportedValue {
        try check(
            node, inputs: 1...1,
            attributes: [
                "coefficients", "kernel_params", "kernel_type", "n_supports", "one_class",
                "post_transform", "rho", "support_vectors",
            ])
        guard try !flag(node, "one_class", default: false),
            try node.string("post_transform", default: "NONE") == "NONE"
        else { throw node.refusal("one_class or a post_transform; neither is accepted") }
        let coefficients = try node.floats("coefficients") ?? []
        let rho = try node.floats("rho") ?? []
        guard rho.count == 1 else {
            throw node.refusal("\(rho.count) values of rho; one is accepted")
        }
        let count = Int(clamping: try node.integer("n_supports", default: 0))
        guard count > 0 else {
            return try linear(node, rows: 1, coefficients: coefficients, intercepts: rho)
        }
        guard coefficients.count == count else {
            throw node.refusal("\(coefficients.count) coefficients for \(count) vectors")
        }
        let kernels = try kernels(node, vectors: count)
        return try product(
            node, kernels, ImportedConstant(floats: coefficients, shape: [count, 1]), bias: rho,
            inner: count, columns: 1, shape: [kernels.shape[0], 1])
    }

    /// Scores are the decisions between pairs of classes; the label is the class with most of them.
    mutating func supportVectorClassifier(_ node: ONNXNode) throws(ONNXError) -> [ImportedValue?] {
        try check(
            node, inputs: 1...1,
            attributes: [
                "classlabels_ints", "classlabels_strings", "coefficients", "kernel_params",
                "kernel_type", "post_transform", "prob_a", "prob_b", "rho", "support_vectors",
                "vectors_per_class",
            ], outputs: 2)
        try noteClassLabels(node)
        guard try (node.floats("prob_a") ?? []).isEmpty, try (node.floats("prob_b") ?? []).isEmpty
        else {
            throw node.refusal(
                "probabilities from decisions; train without them (probability=False)")
        }
        let coefficients = try node.floats("coefficients") ?? []
        let rho = try node.floats("rho") ?? []
        let transform = try node.string("post_transform", default: "NONE")
        let perClass = try (node.integers("vectors_per_class") ?? []).map { Int(clamping: $0) }
        guard !perClass.isEmpty else {
            // Without vectors: a row of coefficients a class.
            try checkLinear(node)
            guard let first = rho.first else { throw node.refusal("no rho") }
            let classes = try classCount(node)
            let scores = try linear(
                node, rows: classes, coefficients: coefficients,
                intercepts: Array(repeating: first, count: max(1, min(classes, 1 << 16))))
            return [try label(node, scores), try transformed(node, scores, transform)]
        }
        let classes = perClass.count
        let limit = IntegerNetwork.maximumElements
        guard classes >= 2, classes <= 4096, try classCount(node) == classes,
            perClass.allSatisfy({ $0 >= 0 && $0 <= limit })
        else {
            throw node.refusal("\(classes) counts of vectors for \(try classCount(node)) classes")
        }
        let vectors = perClass.reduce(0, +)
        let pairs = classes * (classes - 1) / 2
        let (expected, overflow) = vectors.multipliedReportingOverflow(by: classes - 1)
        guard vectors > 0, !overflow, coefficients.count == expected, rho.count == pairs else {
            throw node.refusal(
                "\(coefficients.count) coefficients and \(rho.count) values of rho for \(vectors) vectors of \(classes) classes"
            )
        }
        let kernels = try kernels(node, vectors: vectors)
        _ = try count([vectors, pairs], node)
        let weights = Self.decisionWeights(coefficients, perClass: perClass, pairs: pairs)
        let decisions = try product(
            node, kernels, ImportedConstant(floats: weights, shape: [vectors, pairs]), bias: rho,
            inner: vectors, columns: pairs, shape: [kernels.shape[0], pairs])
        noteDecisions(decisions, classes: classes)
        return [
            try vote(node, decisions, classes: classes),
            classes == 2
                ? try binaryScores(node, decisions, coefficients, transform)
                : try transformed(node, decisions, transform),
        ]
    }

    /// Row j - 1 of the coefficients has what vectors of class i weigh against class j, for i < j; row i what those of
    /// j weigh against i.
    private static func decisionWeights(
        _ coefficients: [Float], perClass: [Int], pairs: Int
    ) -> [Float] {
        let vectors = perClass.reduce(0, +)
        var starts = [0]
        for count in perClass { starts.append(starts[starts.count - 1] + count) }
        var weights = [Float](repeating: 0, count: vectors * pairs)
        var pair = 0
        for i in perClass.indices {
            for j in perClass.indices.dropFirst(i + 1) {
                for vector in starts[i]..<starts[i + 1] {
                    weights[vector * pairs + pair] = coefficients[(j - 1) * vectors + vector]
                }
                for vector in starts[j]..<starts[j + 1] {
                    weights[vector * pairs + pair] = coefficients[i * vectors + vector]
                }
                pair += 1
            }
        }
        return weights
    }

    /// K(x, v) of every support vector v.
    private mutating func kernels(_ node: ONNXNode, vectors: Int) throws(ONNXError) -> ImportedValue
    {
        let (samples, features) = try rows(node)
        let support = try node.floats("support_vectors") ?? []
        let (expected, overflow) = vectors.multipliedReportingOverflow(by: features)
        guard !overflow, support.count == expected else {
            throw node.refusal(
                "\(support.count) values of support vectors for \(vectors) of \(features) features")
        }
        var (factor, term, degree): (Float, Float, Float) = (1, 0, 1)
        let kind = try node.string("kernel_type", default: "LINEAR")
        switch kind {
        case "LINEAR": break
        case "POLY":
            let parameters = try node.floats("kernel_params") ?? []
            guard parameters.count == 3 else {
                throw node.refusal("kernel_params must be gamma, coef0 and degree")
            }
            (factor, term, degree) = (parameters[0], parameters[1], parameters[2])
        default:
            throw node.refusal(
                "the kernel '\(kind)'; LINEAR and POLY, a polynomial as it is, are accepted")
        }
        let matrix = try transposed(
            node,
            .constant(
                ImportedConstant(floats: support.map { $0 * factor }, shape: [vectors, features])),
            [1, 0])
        guard case .constant(let weights) = matrix else { throw node.refusal("no vectors") }
        let products = try product(
            node, try activation(node), weights,
            bias: term == 0 ? nil : Array(repeating: term, count: vectors), inner: features,
            columns: vectors, shape: [samples, vectors])
        guard degree != 1 else { return products }
        return try apply(
            node, .function(.power(degree)), [products], shape: products.shape)
    }

    private func checkLinear(_ node: ONNXNode) throws(ONNXError) {
        let kind = try node.string("kernel_type", default: "LINEAR")
        guard kind == "LINEAR" else {
            throw node.refusal("the kernel '\(kind)' without support vectors; LINEAR is accepted")
        }
    }

    private mutating func vote(
        _ node: ONNXNode, _ decisions: ImportedValue, classes: Int
    ) throws(ONNXError) -> ImportedValue? {
        guard let name = node.outputs.first, needed.contains(name) else { return nil }
        return try apply(
            node, .vote(classes: classes), [decisions], shape: [decisions.shape[0]],
            kind: .index(try classNames(node, classes)))
    }

    /// Scores of two classes as onnxruntime has them: a positive decision s is for the first class and yet the second's
    /// score.
    private mutating func binaryScores(
        _ node: ONNXNode, _ decisions: ImportedValue, _ coefficients: [Float], _ transform: String
    ) throws(ONNXError) -> ImportedValue {
        guard coefficients.contains(where: { $0 < 0 }) else {
            throw node.refusal("two classes without a negative coefficient")
        }
        switch transform {
        case "NONE", "LOGISTIC":
            return try transformed(
                node, try pair(node, decisions, isOpposite: true), transform)
        default:
            throw node.refusal(
                "post_transform '\(transform)' of two classes; NONE and LOGISTIC are accepted")
        }
    }
}
