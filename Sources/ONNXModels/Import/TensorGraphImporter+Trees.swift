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
        let trees = try trees(node, "target", outputs: targets)
        let aggregate = try node.string("aggregate_function", default: "SUM")
        guard ["SUM", "AVERAGE"].contains(aggregate) else {
            throw node.refusal("aggregate_function '\(aggregate)'; SUM and AVERAGE are accepted")
        }
        let base = try reals(node, "base_values")
        guard base.isEmpty || base.count == targets else {
            throw node.refusal("\(base.count) base values for \(targets) targets")
        }
        let share = aggregate == "AVERAGE" ? 1 / Double(trees.forest.roots.count) : 1
        let scores = try scores(node, trees, share: share, base: base)
        let transform = try node.string("post_transform", default: "NONE")
        // As in onnxruntime.
        if targets == 1, transform != "PROBIT" { return scores }
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
        let trees = try trees(node, "class", outputs: classes)
        let base = try reals(node, "base_values")
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

    struct Trees {
        struct Place: Hashable {
            let leaf: Int
            let output: Int
        }

        let conditions: SplitConditions
        let forest: Forest
        /// Of each tree.
        let leaves: [Range<Int>]
        var outputs: Int
        /// What leaves are worth.
        var weights: [Place: Double]

        /// Whether every sample gets a score of each output: of a tree that has one in each of its leaves.
        var scoresAlways: Bool {
            (0..<outputs).allSatisfy { output in
                leaves.contains { leaves in
                    leaves.allSatisfy { weights[Place(leaf: $0, output: output)] != nil }
                }
            }
        }
    }

    private func reals(_ node: ONNXNode, _ name: String) throws(ONNXError) -> [Double] {
        if case .tensor(let tensor)? = node.attributes[name + "_as_tensor"] {
            guard case .reals(let reals) = tensor.values else {
                throw node.refusal("\(name)_as_tensor is not of reals")
            }
            return reals
        }
        return (try node.floats(name) ?? []).map(Double.init)
    }

    private func indices(
        _ node: ONNXNode, _ name: String, count: Int
    ) throws(ONNXError) -> [Int] {
        let integers = try node.integers(name) ?? []
        guard integers.count == count, integers.allSatisfy({ (0..<(1 << 31)).contains($0) }) else {
            throw node.refusal("\(integers.count) \(name) for \(count), or one below 0")
        }
        return integers.map { Int($0) }
    }

    private struct Place: Hashable {
        let tree: Int
        let node: Int
    }

    private mutating func trees(
        _ node: ONNXNode, _ kind: String, outputs: Int
    ) throws(ONNXError) -> Trees {
        let (_, features) = try rows(node)
        let modes = try node.strings("nodes_modes") ?? []
        let count = modes.count
        guard count > 0 else { throw node.refusal("no nodes") }
        try charge(8 * count, node)
        let treeIDs = try indices(node, "nodes_treeids", count: count)
        let nodeIDs = try indices(node, "nodes_nodeids", count: count)
        let featureIDs = try indices(node, "nodes_featureids", count: count)
        let whenTrue = try indices(node, "nodes_truenodeids", count: count)
        let whenFalse = try indices(node, "nodes_falsenodeids", count: count)
        let thresholds = try reals(node, "nodes_values")
        let missing = try node.integers("nodes_missing_value_tracks_true") ?? []
        guard thresholds.count == count, missing.isEmpty || missing.count == count else {
            throw node.refusal("\(thresholds.count) nodes_values for \(count) nodes")
        }
        var places: [Place: Int] = [:]
        for index in 0..<count {
            let place = Place(tree: treeIDs[index], node: nodeIDs[index])
            guard places.updateValue(index, forKey: place) == nil else {
                throw node.refusal("node \(place.node) of tree \(place.tree) is there twice")
            }
        }
        // Each tree from its first node, parents before children.
        var splits: [Split] = []
        var roots: [Int] = []
        var leaves: [Int: Int] = [:]
        var isSeen = [Bool](repeating: false, count: count)
        var first: Set<Int> = []
        var treeLeaves: [Range<Int>] = []
        for index in 0..<count where first.insert(treeIDs[index]).inserted {
            let firstLeaf = leaves.count
            // Splits' places are given out as they are met; children are filled in after.
            var waiting = [(index: index, parent: -1, isTrue: true)]
            while let (place, parent, isTrue) = waiting.popLast() {
                guard !isSeen[place] else {
                    throw node.refusal(
                        "node \(nodeIDs[place]) of tree \(treeIDs[place]) has two parents")
                }
                isSeen[place] = true
                let target: Int
                if modes[place] == "LEAF" {
                    target = -1 - leaves.count
                    leaves[place] = leaves.count
                } else {
                    target = splits.count
                    splits.append(
                        try split(
                            node, modes[place], feature: featureIDs[place],
                            threshold: thresholds[place], features: features,
                            missingHolds: missing.isEmpty ? false : missing[place] != 0))
                    for (child, isTrue) in [(whenTrue[place], true), (whenFalse[place], false)] {
                        guard let next = places[Place(tree: treeIDs[place], node: child)] else {
                            throw node.refusal(
                                "node \(nodeIDs[place]) of tree \(treeIDs[place]) leads to \(child), which is none"
                            )
                        }
                        waiting.append((next, target, isTrue))
                    }
                }
                if parent < 0 {
                    roots.append(target)
                } else {
                    splits[parent].lead(to: target, isTrue)
                }
            }
            treeLeaves.append(firstLeaf..<leaves.count)
        }
        guard isSeen.allSatisfy({ $0 }) else { throw node.refusal("nodes that no tree leads to") }
        let (conditions, forest) = try forest(
            node, features: features, leafCount: leaves.count, roots: roots, splits: splits)
        return Trees(
            conditions: conditions, forest: forest, leaves: treeLeaves, outputs: outputs,
            weights: try weights(node, kind, outputs: outputs) { place in
                places[Place(tree: place.0, node: place.1)].flatMap { leaves[$0] }
            })
    }

    /// A split as a condition, and where it leads on.
    private struct Split {
        let condition: SplitConditions.Condition
        var whenTrue = -1
        var whenFalse = -1
        /// Whether what the model calls true is where the condition doesn't hold.
        let isOpposite: Bool

        mutating func lead(to target: Int, _ isTrue: Bool) {
            if isTrue != isOpposite { whenTrue = target } else { whenFalse = target }
        }
    }

    /// Each condition once; those of a feature by their thresholds, so that their order tells nothing of the trees.
    private func forest(
        _ node: ONNXNode, features: Int, leafCount: Int, roots: [Int], splits: [Split]
    ) throws(ONNXError) -> (SplitConditions, Forest) {
        func order(_ condition: SplitConditions.Condition) -> (Int, Int, Float) {
            let kind = (condition.isEquality ? 2 : 0) + (condition.holdsOfMissing ? 1 : 0)
            return (condition.feature, kind, condition.threshold)
        }
        var conditions = Set(splits.map(\.condition)).sorted { order($0) < order($1) }
        // A lonely leaf asks nothing.
        if conditions.isEmpty {
            conditions = [
                .init(feature: 0, isEquality: false, threshold: 0, holdsOfMissing: false)
            ]
        }
        let places = Dictionary(uniqueKeysWithValues: conditions.enumerated().map { ($1, $0) })
        do {
            let made = try SplitConditions(featureCount: features, conditions: conditions)
            let forest = try Forest(
                chains: made.chains, leafCount: leafCount, roots: roots,
                splits: splits.map {
                    Forest.Split(
                        condition: places[$0.condition]!, whenTrue: $0.whenTrue,
                        whenFalse: $0.whenFalse)
                })
            return (made, forest)
        } catch { throw node.refusal("\(error)") }
    }

    private func weights(
        _ node: ONNXNode, _ kind: String, outputs: Int, leaf: ((Int, Int)) -> Int?
    ) throws(ONNXError) -> [Trees.Place: Double] {
        let values = try reals(node, "\(kind)_weights")
        let treeIDs = try indices(node, "\(kind)_treeids", count: values.count)
        let nodeIDs = try indices(node, "\(kind)_nodeids", count: values.count)
        let ids = try indices(node, "\(kind)_ids", count: values.count)
        var weights: [Trees.Place: Double] = [:]
        for index in values.indices {
            guard let leaf = leaf((treeIDs[index], nodeIDs[index])), ids[index] < outputs,
                values[index].isFinite
            else {
                throw node.refusal(
                    "a weight of node \(nodeIDs[index]) of tree \(treeIDs[index]), which is no leaf, or of output \(ids[index]) of \(outputs)"
                )
            }
            weights[Trees.Place(leaf: leaf, output: ids[index]), default: 0] += values[index]
        }
        guard !weights.isEmpty else { throw node.refusal("no weights") }
        return weights
    }

    private func split(
        _ node: ONNXNode, _ mode: String, feature: Int, threshold: Double, features: Int,
        missingHolds: Bool
    ) throws(ONNXError) -> Split {
        guard let mode = Mode(rawValue: mode) else { throw node.refusal("the mode '\(mode)'") }
        guard feature < features, !threshold.isNaN else {
            throw node.refusal("feature \(feature) of \(features), or a threshold that is none")
        }
        // Inputs are floats: a double between two of them compares as its neighbour does.
        var limit = Float(threshold)
        if !mode.isEquality {
            if Double(limit) > threshold { limit = limit.nextDown }
            // x < t is x <= the float before t.
            if mode.excludesEqual, Double(limit) == threshold { limit = limit.nextDown }
        } else if Double(limit) != threshold {
            throw node.refusal("equality with \(threshold), which no 32-bit float is")
        }
        return Split(
            condition: .init(
                feature: feature, isEquality: mode.isEquality, threshold: limit,
                // Of comparisons with what is missing, one alone holds: that it is not the threshold.
                holdsOfMissing: (missingHolds || mode == .notEqual) != mode.isOpposite),
            isOpposite: mode.isOpposite)
    }

    /// What of a feature x and a threshold t leads on to the child that the model calls true.
    private enum Mode: String {
        case lessOrEqual = "BRANCH_LEQ"
        case less = "BRANCH_LT"
        case greater = "BRANCH_GT"
        case greaterOrEqual = "BRANCH_GTE"
        case equal = "BRANCH_EQ"
        case notEqual = "BRANCH_NEQ"

        var isEquality: Bool { self == .equal || self == .notEqual }
        /// Whether it is what a condition is not.
        var isOpposite: Bool { self == .greater || self == .greaterOrEqual || self == .notEqual }
        /// Whether the condition leaves t itself out.
        var excludesEqual: Bool { self == .less || self == .greaterOrEqual }
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
