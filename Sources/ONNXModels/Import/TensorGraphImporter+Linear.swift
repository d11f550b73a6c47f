// SPDX-License-Identifier: Apache-2.0

/// ai.onnx.ml's linear models, and what all its classifiers share.
extension TensorGraphImporter {
    mutating func linearRegressor(_ node: ONNXNode) throws(ONNXError) -> ImportedValue {
        try check(
            node, inputs: 1...1,
            attributes: ["coefficients", "intercepts", "post_transform", "targets"])
        let targets = Int(clamping: try node.integer("targets", default: 1))
        let scores = try linear(
            node, rows: targets, coefficients: try node.floats("coefficients") ?? [],
            intercepts: try node.floats("intercepts") ?? [])
        let transform = try node.string("post_transform", default: "NONE")
        guard ["NONE", "PROBIT"].contains(transform) || targets > 1 else {
            _ = try transformed(node, scores, transform)
            tensors.notes.append(
                "\(node.name) (\(node.operator)): post_transform \(transform) of one target changes nothing, as in onnxruntime"
            )
            return scores
        }
        return try transformed(node, scores, transform)
    }

    mutating func linearClassifier(_ node: ONNXNode) throws(ONNXError) -> [ImportedValue?] {
        try check(
            node, inputs: 1...1,
            attributes: [
                "classlabels_ints", "classlabels_strings", "coefficients", "intercepts",
                "multi_class", "post_transform",
            ], outputs: 2)
        try noteClassLabels(node)
        let coefficients = try node.floats("coefficients") ?? []
        let features = try rows(node).features
        let given = try node.floats("intercepts") ?? []
        let rows = given.isEmpty ? coefficients.count / features : given.count
        var scores = try linear(
            node, rows: rows, coefficients: coefficients, intercepts: given)
        let transform = try node.string("post_transform", default: "NONE")
        // One row for two classes is the score of the second.
        if rows == 1, try classCount(node) == 2 {
            // onnxruntime transforms one score by LOGISTIC alone, and leaves half of its outputs out for PROBIT.
            guard ["NONE", "LOGISTIC", "SOFTMAX", "SOFTMAX_ZERO"].contains(transform) else {
                throw node.refusal(
                    "post_transform '\(transform)' of one score for two classes; NONE and LOGISTIC are accepted"
                )
            }
            let pair = try pair(node, scores, isOpposite: true)
            let label = try label(node, pair)
            scores =
                transform == "LOGISTIC"
                ? try transformed(node, pair, transform)
                : try self.pair(node, scores, isOpposite: false)
            return [label, scores]
        }
        return [try label(node, scores), try transformed(node, scores, transform)]
    }

    /// Rows of the input and features of each; a vector is one row.
    func rows(_ node: ONNXNode) throws(ONNXError) -> (rows: Int, features: Int) {
        let shape = try real(node, 0).shape
        guard (1...2).contains(shape.count), let features = shape.last, features > 0 else {
            throw node.refusal("an input of sizes \(shape); rows of features are accepted")
        }
        return (shape.count == 2 ? shape[0] : 1, features)
    }

    /// The input times coefficients, which are `rows` by features, plus intercepts.
    mutating func linear(
        _ node: ONNXNode, rows: Int, coefficients: [Float], intercepts: [Float]
    ) throws(ONNXError) -> ImportedValue {
        let (samples, features) = try self.rows(node)
        let (expected, overflow) = rows.multipliedReportingOverflow(by: features)
        guard rows > 0, !overflow, coefficients.count == expected,
            intercepts.isEmpty || intercepts.count == rows
        else {
            throw node.refusal(
                "\(coefficients.count) coefficients and \(intercepts.count) intercepts for \(features) features and \(rows) scores"
            )
        }
        let matrix = try transposed(
            node, .constant(ImportedConstant(floats: coefficients, shape: [rows, features])),
            [1, 0])
        guard case .constant(let weights) = matrix else { throw node.refusal("no coefficients") }
        return try product(
            node, try activation(node), weights, bias: intercepts.isEmpty ? nil : intercepts,
            inner: features, columns: rows, shape: [samples, rows])
    }

    /// The node's first input, which must depend on the model's.
    func activation(_ node: ONNXNode) throws(ONNXError) -> ImportedValue {
        let value = try real(node, 0)
        guard !value.isConstant else { throw node.refusal("a constant input") }
        return value
    }

    // MARK: Scores and labels

    func classCount(_ node: ONNXNode) throws(ONNXError) -> Int {
        max(
            try node.integers("classlabels_ints")?.count ?? 0,
            try node.strings("classlabels_strings")?.count ?? 0)
    }

    /// What the places of a classifier's classes stand for.
    func classNames(
        _ node: ONNXNode, _ classes: Int
    ) throws(ONNXError) -> ImportedValue.Indices {
        var names = try node.strings("classlabels_strings") ?? []
        if names.isEmpty {
            names = (try node.integers("classlabels_ints") ?? []).map(\.description)
        }
        guard names.isEmpty || names.count == classes else {
            throw node.refusal("\(names.count) labels for \(classes) classes")
        }
        return ImportedValue.Indices(count: classes, names: names.isEmpty ? nil : names)
    }

    mutating func noteClassLabels(_ node: ONNXNode) throws(ONNXError) {
        for name in ["classlabels_strings"] {
            if let labels = try node.strings(name), !labels.isEmpty { noteLabels(.strings(labels)) }
        }
        for name in ["classlabels_ints", "classlabels_int64s"] {
            if let labels = try node.integers(name), !labels.isEmpty {
                noteLabels(.integers(labels))
            }
        }
    }

    /// [-s, s] or [1 - s, s] for each row's single score s.
    mutating func pair(
        _ node: ONNXNode, _ scores: ImportedValue, isOpposite: Bool
    ) throws(ONNXError) -> ImportedValue {
        let rows = scores.count
        let doubled = try broadcast(node, reshaped(scores, [rows, 1]), to: [rows, 2])
        return try scaled(
            node, doubled, factors: (0..<rows).flatMap { _ in [-1, 1] as [Float] },
            terms: (0..<rows).flatMap { _ in [isOpposite ? 0 : 1, 0] as [Float] }, [rows, 2])
    }

    /// The index of the highest of each row's scores, where the model asks for labels.
    mutating func label(
        _ node: ONNXNode, _ scores: ImportedValue
    ) throws(ONNXError) -> ImportedValue? {
        guard let name = node.outputs.first, needed.contains(name) else { return nil }
        let (rows, classes) = (scores.shape[0], scores.shape[1])
        return try apply(
            node, .argMax(outer: rows, count: classes, inner: 1, selectsLast: false), [scores],
            shape: [rows], kind: .index(try classNames(node, classes)))
    }

    mutating func transformed(
        _ node: ONNXNode, _ scores: ImportedValue, _ transform: String
    ) throws(ONNXError) -> ImportedValue {
        let shape = scores.shape
        switch transform {
        case "NONE": return scores
        case "LOGISTIC": return try apply(node, .function(.sigmoid), [scores], shape: shape)
        case "SOFTMAX":
            return try apply(
                node, .softmax(outer: shape[0], count: shape[1], inner: 1), [scores], shape: shape)
        case "SOFTMAX_ZERO": return try softmaxOfOthers(node, scores)
        case "PROBIT": return try apply(node, .function(.probit), [scores], shape: shape)
        default:
            throw node.refusal(
                "post_transform '\(transform)'; NONE, LOGISTIC, SOFTMAX, SOFTMAX_ZERO and PROBIT are accepted"
            )
        }
    }

    /// A softmax of the scores that aren't zero, up to 10^-7; the others stay zero.
    private mutating func softmaxOfOthers(
        _ node: ONNXNode, _ scores: ImportedValue
    ) throws(ONNXError) -> ImportedValue {
        let shape = scores.shape
        let size = try function(.absolute, of: scores, node)
        let isOther = try function(.step, of: try scaled(node, size, by: 1, plus: -1e-7), node)
        let powers = try apply(
            node, .softmax(outer: shape[0], count: shape[1], inner: 1), [scores], shape: shape)
        let kept = try arithmetic(node, .multiply, powers, isOther)
        let sum = try reduced(node, kept, axes: [1], keepsAxes: true, by: .sum)
        return try arithmetic(node, .divide, kept, sum)
    }
}
