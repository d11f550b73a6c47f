// SPDX-License-Identifier: Apache-2.0

import TensorGraphs

/// ai.onnx.ml's tree ensembles: which leaves a sample comes to, and a linear map of what they are worth.
extension TensorGraphImporter {
    /// Behind a node's name, the part that says which leaf: what can be left to the client.
    static let leavesSuffix = "/leaves"

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
        let share = aggregate == "AVERAGE" ? 1 / Double(trees.ensemble.roots.count) : 1
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

        let ensemble: TreeEnsemble
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
        var splits: [TreeEnsemble.Split] = []
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
                    splits[parent] = splits[parent].leading(to: target, isTrue)
                }
            }
            treeLeaves.append(firstLeaf..<leaves.count)
        }
        guard isSeen.allSatisfy({ $0 }) else { throw node.refusal("nodes that no tree leads to") }
        let ensemble: TreeEnsemble
        do throws(ProgramError) {
            ensemble = try TreeEnsemble(
                featureCount: features, leafCount: leaves.count, roots: roots, splits: splits)
        } catch { throw node.refusal("\(error)") }
        return Trees(
            ensemble: ensemble, leaves: treeLeaves, outputs: outputs,
            weights: try weights(node, kind, outputs: outputs) { place in
                places[Place(tree: place.0, node: place.1)].flatMap { leaves[$0] }
            })
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
    ) throws(ONNXError) -> TreeEnsemble.Split {
        let modes: [String: TreeEnsemble.Mode] = [
            "BRANCH_LEQ": .lessOrEqual, "BRANCH_LT": .less, "BRANCH_GT": .greater,
            "BRANCH_GTE": .greaterOrEqual, "BRANCH_EQ": .equal, "BRANCH_NEQ": .notEqual,
        ]
        guard let found = modes[mode] else { throw node.refusal("the mode '\(mode)'") }
        guard feature < features, !threshold.isNaN else {
            throw node.refusal("feature \(feature) of \(features), or a threshold that is none")
        }
        // Inputs are floats: a double between two of them compares as its neighbour does.
        var limit = Float(threshold)
        switch found {
        case .lessOrEqual, .greater: if Double(limit) > threshold { limit = limit.nextDown }
        case .less, .greaterOrEqual: if Double(limit) < threshold { limit = limit.nextUp }
        case .equal, .notEqual:
            guard Double(limit) == threshold else {
                throw node.refusal("equality with \(threshold), which no 32-bit float is")
            }
        }
        return TreeEnsemble.Split(
            feature: feature, mode: found, threshold: limit, missingHolds: missingHolds,
            whenTrue: -1, whenFalse: -1)
    }

    /// What the leaves are worth, summed.
    private mutating func scores(
        _ node: ONNXNode, _ trees: Trees, share: Double, base: [Double]
    ) throws(ONNXError) -> ImportedValue {
        let (rows, _) = try self.rows(node)
        let (leafCount, outputs) = (trees.ensemble.leafCount, trees.outputs)
        try charge(leafCount * outputs, node)
        var weights = [Float](repeating: 0, count: leafCount * outputs)
        for (place, weight) in trees.weights {
            weights[place.leaf * outputs + place.output] = Float(weight * share)
        }
        let input = try activation(node)
        guard case .activation(let index, _, _) = input else { return input }
        let leaves = try append(
            ONNXNode(
                name: node.name + Self.leavesSuffix, operator: node.operator, inputs: node.inputs,
                outputs: node.outputs, attributes: [:]), .leaves(trees.ensemble), [index],
            shape: [rows, leafCount])
        // Leaves are 0 and 1, whatever calibration samples come to.
        let grid = QuantizationGrid(scale: 1, zeroPoint: 0, low: 0, high: 1)
        let codes = try apply(
            node, .quantize(grid), [leaves], shape: [rows, leafCount], kind: .code)
        guard case .activation(let code, let shape, _) = codes else { return codes }
        let reals = try apply(
            node, .dequantize(grid), [.activation(code, shape: shape, kind: .real)], shape: shape)
        return try product(
            node, reals, ImportedConstant(floats: weights, shape: [leafCount, outputs]),
            bias: base.isEmpty ? nil : base.map { Float($0) }, inner: leafCount, columns: outputs,
            shape: [rows, outputs])
    }
}

extension TreeEnsemble.Split {
    fileprivate func leading(to target: Int, _ isTrue: Bool) -> TreeEnsemble.Split {
        TreeEnsemble.Split(
            feature: feature, mode: mode, threshold: threshold, missingHolds: missingHolds,
            whenTrue: isTrue ? target : whenTrue, whenFalse: isTrue ? whenFalse : target)
    }
}
