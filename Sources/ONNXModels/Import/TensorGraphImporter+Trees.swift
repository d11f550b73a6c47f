// SPDX-License-Identifier: Apache-2.0

import IntegerNetworks
import TensorGraphs

/// ai.onnx.ml's tree ensembles: which leaves a sample comes to, and a linear map of what they are worth.
extension TensorGraphImporter {
    /// Behind a node's name, its parts: what is asked of features, and which leaf it leads to. Both can be left to the
    /// client.
    static let conditionsSuffix = "/conditions"
    static let leavesSuffix = "/leaves"

    /// What is left to clients that may know so much.
    static func suffix(_ trees: TensorGraph.TreeDisclosure) -> String {
        switch trees {
        case .thresholds, .grid: conditionsSuffix
        case .structure: leavesSuffix
        }
    }

    private static let treeAttributes: Set<String> = [
        "aggregate_function", "base_values", "base_values_as_tensor", "nodes_falsenodeids",
        "nodes_featureids", "nodes_hitrates", "nodes_hitrates_as_tensor",
        "nodes_missing_value_tracks_true", "nodes_modes", "nodes_nodeids", "nodes_treeids",
        "nodes_truenodeids", "nodes_values", "nodes_values_as_tensor", "post_transform",
    ]

    mutating func treeRegressor(_ node: ONNXNode) throws(ONNXError) -> ImportedValue {
        try check(
            node, inputs: 1...1,
            attributes: Self.treeAttributes.union([
                "n_targets", "target_ids", "target_nodeids", "target_treeids", "target_weights",
                "target_weights_as_tensor",
            ]))
        let targets = Int(clamping: try node.integer("n_targets", default: 1))
        let trees = try trees(node, TreeTable(node, kind: "target"), outputs: targets)
        let aggregate = try node.string("aggregate_function", default: "SUM")
        let base = try node.treeReals("base_values")
        guard base.isEmpty || base.count == targets else {
            throw node.refusal("\(base.count) base values for \(targets) targets")
        }
        return try aggregated(
            node, trees, aggregate, base: base,
            transform: try node.string("post_transform", default: "NONE"))
    }

    /// Of ai.onnx.ml 5, in which all ensembles are of one kind.
    mutating func treeEnsemble(_ node: ONNXNode) throws(ONNXError) -> ImportedValue {
        try check(node, inputs: 1...1, attributes: TreeTable.attributes)
        let targets = Int(clamping: try node.integer("n_targets", default: 1))
        guard targets > 0 else { throw node.refusal("\(targets) targets") }
        let trees = try trees(node, TreeTable(node), outputs: targets)
        return try aggregated(
            node, trees,
            try named(node, "aggregate_function", ["AVERAGE", "SUM", "MIN", "MAX"], default: 1),
            base: [],
            transform: try named(
                node, "post_transform", ["NONE", "LOGISTIC", "SOFTMAX", "SOFTMAX_ZERO", "PROBIT"],
                default: 0))
    }

    private func named(
        _ node: ONNXNode, _ attribute: String, _ names: [String], default: Int64
    ) throws(ONNXError) -> String {
        let number = try node.integer(attribute, default: `default`)
        guard (0..<Int64(names.count)).contains(number) else {
            throw node.refusal("\(attribute) \(number); 0 to \(names.count - 1) are known")
        }
        return names[Int(number)]
    }

    private mutating func aggregated(
        _ node: ONNXNode, _ trees: Trees, _ aggregate: String, base: [Double], transform: String
    ) throws(ONNXError) -> ImportedValue {
        guard ["SUM", "AVERAGE"].contains(aggregate) else {
            throw node.refusal("aggregate_function '\(aggregate)'; SUM and AVERAGE are accepted")
        }
        guard base.isEmpty || trees.outputs == 1 || trees.scoresAlways else {
            throw node.refusal(
                "a target has weights in some leaves alone, or in none: where none gives it a value, runtimes pass its base value over; export a weight of each target in every leaf, or no base values"
            )
        }
        let share = aggregate == "AVERAGE" ? 1 / Double(trees.forest.roots.count) : 1
        let scores = try scores(node, trees, share: share, base: base)
        // As in onnxruntime.
        if trees.outputs == 1, transform != "PROBIT" { return scores }
        return try transformed(node, scores, transform)
    }

    mutating func treeClassifier(_ node: ONNXNode) throws(ONNXError) -> [ImportedValue?] {
        try check(
            node, inputs: 1...1,
            attributes: Self.treeAttributes.union([
                "class_ids", "class_nodeids", "class_treeids", "class_weights",
                "class_weights_as_tensor", "classlabels_int64s", "classlabels_strings",
            ]), outputs: 2)
        try noteClassLabels(node)
        let classes = try max(
            node.integers("classlabels_int64s")?.count ?? 0,
            node.strings("classlabels_strings")?.count ?? 0)
        guard classes > 1 else { throw node.refusal("\(classes) classes") }
        let trees = try trees(node, TreeTable(node, kind: "class"), outputs: classes)
        let base = try node.treeReals("base_values")
        let transform = try node.string("post_transform", default: "NONE")
        guard classes == 2 else {
            guard base.isEmpty || base.count == classes else {
                throw node.refusal("\(base.count) base values for \(classes) classes")
            }
            guard !base.isEmpty || trees.scoresAlways else {
                throw node.refusal(
                    "a class has weights in some leaves alone: where none gives it a score, runtimes pass it over; export a weight of each class in every leaf, or base values"
                )
            }
            let scores = try scores(node, trees, share: 1, base: base)
            return [try label(node, scores), try transformed(node, scores, transform)]
        }
        return try twoClasses(node, trees, base: base, transform)
    }

    /// Two classes of one score.
    private mutating func twoClasses(
        _ node: ONNXNode, _ trees: Trees, base: [Double], _ transform: String
    ) throws(ONNXError) -> [ImportedValue?] {
        let ids = Set(trees.weights.keys.map(\.output))
        // Of scores of both classes onnxruntime takes the second's sign, others the larger.
        guard ids == [0], base.count < 2 else {
            throw node.refusal(
                "weights or base values of both of two classes, of which runtimes don't say the same label; export one score for two classes (weights of class 0 alone)"
            )
        }
        // One score, said to be of the first class, is the second's.
        var single = trees
        single.outputs = 1
        single.weights = [:]
        for (place, weight) in trees.weights {
            single.weights[.init(leaf: place.leaf, output: 0)] = weight
        }
        let score = try scores(node, single, share: 1, base: base)
        let isShare = trees.weights.values.allSatisfy { $0 >= 0 }
        guard transform == "NONE" || transform == "LOGISTIC" && !isShare else {
            throw node.refusal(
                "post_transform '\(transform)' of one score for two classes\(isShare ? " of weights that are all positive" : ""); NONE is accepted, and LOGISTIC of weights of both signs"
            )
        }
        let pair = try pair(node, score, isOpposite: !isShare)
        let label = try label(node, pair)
        return [label, try transformed(node, pair, transform)]
    }

    // MARK: Trees

    private mutating func trees(
        _ node: ONNXNode, _ table: TreeTable, outputs: Int
    ) throws(ONNXError) -> Trees {
        let (_, features) = try rows(node)
        try charge(8 * table.storedCount, node)
        return try Trees(node, table, features: features, outputs: outputs)
    }

    /// What the leaves are worth, summed.
    private mutating func scores(
        _ node: ONNXNode, _ trees: Trees, share: Double, base: [Double]
    ) throws(ONNXError) -> ImportedValue {
        let (rows, _) = try self.rows(node)
        let (leafCount, outputs) = (trees.forest.leafCount, trees.outputs)
        try charge(leafCount * outputs, node)
        var weights = [Float](repeating: 0, count: leafCount * outputs)
        for (place, weight) in trees.weights {
            weights[place.leaf * outputs + place.output] = Float(weight * share)
        }
        let input = try activation(node)
        guard case .activation(let index, _, _) = input else { return input }
        func part(_ suffix: String) -> ONNXNode {
            ONNXNode(
                name: node.name + suffix, operator: node.operator, inputs: node.inputs,
                outputs: node.outputs, attributes: [:])
        }
        let bits = try append(
            part(Self.conditionsSuffix), .conditions(trees.conditions), [index],
            shape: [rows, trees.forest.conditionCount])
        let leaves = try apply(
            part(Self.leavesSuffix), .forest(trees.forest), [bits], shape: [rows, leafCount])
        return try product(
            node, leaves, ImportedConstant(floats: weights, shape: [leafCount, outputs]),
            bias: base.isEmpty ? nil : base.map { Float($0) }, inner: leafCount, columns: outputs,
            shape: [rows, outputs])
    }
}
