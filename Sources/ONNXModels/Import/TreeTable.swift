// SPDX-License-Identifier: Apache-2.0

/// Tree ensembles as operators' attributes have them, read and not yet checked to be trees.
struct TreeTable {
    enum Target: Hashable {
        case node(Int)
        case leaf(Int)
    }

    struct Node {
        /// As the operator numbers it.
        let tree: Int?
        let number: Int
        let mode: Mode
        let feature: Int
        /// What the feature is compared with: one value, or those of a set.
        let values: [Double]
        /// Whether a missing value leads where the split holds.
        let missingHolds: Bool
        let whenTrue: Target
        let whenFalse: Target

        /// The same over the next node where that asks for other values of the same feature, and leads to the same place
        /// by them: exporters write sets of categories so.
        func joined(_ next: Node) -> Node? {
            func asksForValues(_ node: Node) -> Bool { node.mode == .equal || node.mode == .member }
            guard asksForValues(self), asksForValues(next), feature == next.feature,
                whenTrue == next.whenTrue
            else { return nil }
            return Node(
                tree: tree, number: number, mode: .member, feature: feature,
                values: values + next.values, missingHolds: missingHolds || next.missingHolds,
                whenTrue: whenTrue, whenFalse: next.whenFalse)
        }

        var name: String { "node \(number)" + (tree.map { " of tree \($0)" } ?? "") }
    }

    struct Weight {
        let output: Int
        let value: Double
    }

    /// What of a feature x and a threshold t leads on to the child that the model calls true.
    enum Mode: String {
        case lessOrEqual = "BRANCH_LEQ"
        case less = "BRANCH_LT"
        case greater = "BRANCH_GT"
        case greaterOrEqual = "BRANCH_GTE"
        case equal = "BRANCH_EQ"
        case notEqual = "BRANCH_NEQ"
        case member = "BRANCH_MEMBER"

        /// By their numbers in ai.onnx.ml 5.
        static let numbered: [Mode] = [
            .lessOrEqual, .less, .greaterOrEqual, .greater, .equal, .notEqual, .member,
        ]

        /// Whether it asks for values, rather than a side of one.
        var isEquality: Bool { self == .equal || self == .notEqual || self == .member }
        /// Whether it is what a condition is not.
        var isOpposite: Bool {
            self == .greater || self == .greaterOrEqual || self == .notEqual
        }
        /// Whether the condition leaves t itself out.
        var excludesEqual: Bool { self == .less || self == .greaterOrEqual }
    }

    private(set) var nodes: [Node] = []
    private(set) var roots: [Target] = []
    /// Of each leaf, what it is worth.
    private(set) var weights: [[Weight]] = []

    /// Numbers in it.
    var storedCount: Int {
        nodes.reduce(0) { $0 + $1.values.count } + weights.reduce(0) { $0 + $1.count }
    }

    // MARK: TreeEnsembleClassifier and TreeEnsembleRegressor

    private struct Place: Hashable {
        let tree: Int
        let node: Int
    }

    /// - Parameter kind: what attributes of weights begin with.
    init(_ node: ONNXNode, kind: String) throws(ONNXError) {
        let modes = try node.strings("nodes_modes") ?? []
        let count = modes.count
        guard count > 0 else { throw node.refusal("no nodes") }
        let treeIDs = try node.treeIndices("nodes_treeids", count: count)
        let nodeIDs = try node.treeIndices("nodes_nodeids", count: count)
        let features = try node.treeIndices("nodes_featureids", count: count)
        let whenTrue = try node.treeIndices("nodes_truenodeids", count: count)
        let whenFalse = try node.treeIndices("nodes_falsenodeids", count: count)
        let thresholds = try node.treeReals("nodes_values")
        let missing = try node.integers("nodes_missing_value_tracks_true") ?? []
        guard thresholds.count == count, missing.isEmpty || missing.count == count else {
            throw node.refusal("\(thresholds.count) nodes_values for \(count) nodes")
        }
        var targets: [Place: Target] = [:]
        var (nodeCount, leafCount) = (0, 0)
        for index in 0..<count {
            let place = Place(tree: treeIDs[index], node: nodeIDs[index])
            let isLeaf = modes[index] == "LEAF"
            let target: Target = isLeaf ? .leaf(leafCount) : .node(nodeCount)
            guard targets.updateValue(target, forKey: place) == nil else {
                throw node.refusal("node \(place.node) of tree \(place.tree) is there twice")
            }
            if isLeaf { leafCount += 1 } else { nodeCount += 1 }
        }
        // The first node of a tree is its root.
        var trees: Set<Int> = []
        for index in 0..<count {
            let tree = treeIDs[index]
            if trees.insert(tree).inserted {
                roots.append(targets[Place(tree: tree, node: nodeIDs[index])]!)
            }
            guard modes[index] != "LEAF" else { continue }
            guard let mode = Mode(rawValue: modes[index]), mode != .member else {
                throw node.refusal("the mode '\(modes[index])'")
            }
            func target(_ child: Int) throws(ONNXError) -> Target {
                guard let target = targets[Place(tree: tree, node: child)] else {
                    throw node.refusal(
                        "node \(nodeIDs[index]) of tree \(tree) leads to \(child), which is none")
                }
                return target
            }
            nodes.append(
                Node(
                    tree: tree, number: nodeIDs[index], mode: mode, feature: features[index],
                    values: [thresholds[index]],
                    missingHolds: missing.isEmpty ? false : missing[index] != 0,
                    whenTrue: try target(whenTrue[index]), whenFalse: try target(whenFalse[index])))
        }
        weights = [[Weight]](repeating: [], count: leafCount)
        let values = try node.treeReals("\(kind)_weights")
        let ofTrees = try node.treeIndices("\(kind)_treeids", count: values.count)
        let ofNodes = try node.treeIndices("\(kind)_nodeids", count: values.count)
        let outputs = try node.treeIndices("\(kind)_ids", count: values.count)
        for index in values.indices {
            guard case .leaf(let leaf)? = targets[Place(tree: ofTrees[index], node: ofNodes[index])]
            else {
                throw node.refusal(
                    "a weight of node \(ofNodes[index]) of tree \(ofTrees[index]), which is no leaf"
                )
            }
            weights[leaf].append(Weight(output: outputs[index], value: values[index]))
        }
    }

    // MARK: TreeEnsemble

    static let attributes: Set<String> = [
        "aggregate_function", "leaf_targetids", "leaf_weights", "membership_values", "n_targets",
        "nodes_falseleafs", "nodes_falsenodeids", "nodes_featureids", "nodes_hitrates",
        "nodes_missing_value_tracks_true", "nodes_modes", "nodes_splits", "nodes_trueleafs",
        "nodes_truenodeids", "post_transform", "tree_roots",
    ]

    /// Of ai.onnx.ml 5: children are said by their places among nodes, or among leaves.
    init(_ node: ONNXNode) throws(ONNXError) {
        guard case .tensor(let tensor)? = node.attributes["nodes_modes"],
            let modes = tensor.integers, !modes.isEmpty
        else { throw node.refusal("no nodes_modes, of 8-bit integers") }
        let count = modes.count
        let splits = try node.treeTensor("nodes_splits")
        let features = try node.treeIndices("nodes_featureids", count: count)
        let missing = try node.integers("nodes_missing_value_tracks_true") ?? []
        guard splits.count == count, missing.isEmpty || missing.count == count else {
            throw node.refusal("\(splits.count) nodes_splits for \(count) nodes")
        }
        let values = try node.treeTensor("leaf_weights")
        let outputs = try node.treeIndices("leaf_targetids", count: values.count)
        weights = zip(outputs, values).map { [Weight(output: $0, value: $1)] }
        let whenTrue = try targets(node, "nodes_truenodeids", "nodes_trueleafs", count: count)
        let whenFalse = try targets(node, "nodes_falsenodeids", "nodes_falseleafs", count: count)
        // One set after another, with NaN between.
        let sets = try node.treeTensor("membership_values").split(
            omittingEmptySubsequences: false, whereSeparator: \.isNaN)
        var nextSet = sets.makeIterator()
        for index in 0..<count {
            guard (0..<Int64(Mode.numbered.count)).contains(modes[index]) else {
                throw node.refusal("the mode \(modes[index])")
            }
            let mode = Mode.numbered[Int(modes[index])]
            var values = [splits[index]]
            if mode == .member {
                guard let set = nextSet.next(), !set.isEmpty else {
                    throw node.refusal("no membership_values for node \(index)")
                }
                values = Array(set)
            }
            nodes.append(
                Node(
                    tree: nil, number: index, mode: mode, feature: features[index],
                    values: values,
                    missingHolds: missing.isEmpty ? false : missing[index] != 0,
                    whenTrue: whenTrue[index], whenFalse: whenFalse[index]))
        }
        // The last set may have its NaN too.
        while let set = nextSet.next() {
            guard set.isEmpty else { throw node.refusal("membership_values of no node") }
        }
        let starts = try node.integers("tree_roots") ?? []
        guard !starts.isEmpty, starts.allSatisfy({ (0..<Int64(count)).contains($0) }) else {
            throw node.refusal("tree_roots \(starts) among \(count) nodes")
        }
        roots = starts.map { .node(Int($0)) }
    }

    private func targets(
        _ node: ONNXNode, _ name: String, _ leaves: String, count: Int
    ) throws(ONNXError) -> [Target] {
        let places = try node.treeIndices(name, count: count)
        let isLeaf = try node.treeIndices(leaves, count: count)
        return try zip(places, isLeaf).map { (place, isLeaf) throws(ONNXError) -> Target in
            guard place < (isLeaf != 0 ? weights.count : count) else {
                throw node.refusal("\(name) with \(place), which is none")
            }
            return isLeaf != 0 ? .leaf(place) : .node(place)
        }
    }
}

extension ONNXNode {
    /// Reals of an attribute that may be doubles under another name.
    func treeReals(_ name: String) throws(ONNXError) -> [Double] {
        if attributes[name + "_as_tensor"] != nil { return try treeTensor(name + "_as_tensor") }
        return (try floats(name) ?? []).map(Double.init)
    }

    /// Empty where the attribute isn't there.
    func treeTensor(_ name: String) throws(ONNXError) -> [Double] {
        guard let attribute = attributes[name] else { return [] }
        guard case .tensor(let tensor) = attribute, let reals = tensor.reals else {
            throw refusal("\(name) is not a tensor of reals")
        }
        return reals
    }

    func treeIndices(_ name: String, count: Int) throws(ONNXError) -> [Int] {
        let integers = try integers(name) ?? []
        guard integers.count == count, integers.allSatisfy({ (0..<(1 << 31)).contains($0) }) else {
            throw refusal("\(integers.count) \(name) for \(count), or one below 0")
        }
        return integers.map { Int($0) }
    }
}
