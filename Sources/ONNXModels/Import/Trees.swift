// SPDX-License-Identifier: Apache-2.0

import IntegerNetworks
import TensorGraphs

/// Trees of an operator: what they ask, where that leads, and what leaves are worth.
struct Trees {
    struct Place: Hashable {
        let leaf: Int
        let output: Int
    }

    let conditions: SplitConditions
    let forest: Forest
    var outputs: Int
    /// What leaves are worth.
    var weights: [Place: Double]

    /// - Throws: `ONNXError` where these are no trees.
    init(
        _ node: ONNXNode, _ table: TreeTable, features: Int, outputs: Int
    ) throws(ONNXError) {
        // Each tree from its root, parents before children.
        var splits: [Split] = []
        var roots: [Int] = []
        /// Of each leaf in the order in which walks meet them, its place in the table.
        var leaves: [Int] = []
        var isSeen = [Bool](repeating: false, count: table.nodes.count)
        var isSeenLeaf = [Bool](repeating: false, count: table.weights.count)
        for root in table.roots {
            // Splits' places are given out as they are met; children are filled in after.
            var waiting = [(target: root, parent: -1, isTrue: true)]
            while let (target, parent, isTrue) = waiting.popLast() {
                let place: Int
                switch target {
                case .leaf(let leaf):
                    // Each way to it is a leaf of its own: a tree that is a leaf alone is written as a split, both of
                    // whose sides lead there.
                    isSeenLeaf[leaf] = true
                    place = -1 - leaves.count
                    leaves.append(leaf)
                case .node(let index):
                    var entry = table.nodes[index]
                    guard !isSeen[index] else {
                        throw node.refusal("\(entry.name) has two parents")
                    }
                    isSeen[index] = true
                    while case .node(let next) = entry.whenFalse, !isSeen[next],
                        let joined = entry.joined(table.nodes[next])
                    {
                        isSeen[next] = true
                        entry = joined
                    }
                    place = splits.count
                    splits.append(try Split(node, entry, features: features))
                    waiting.append((entry.whenTrue, place, true))
                    waiting.append((entry.whenFalse, place, false))
                }
                if parent < 0 {
                    roots.append(place)
                } else {
                    splits[parent].lead(to: place, isTrue)
                }
            }
        }
        guard isSeen.allSatisfy({ $0 }), isSeenLeaf.allSatisfy({ $0 }) else {
            throw node.refusal("nodes that no tree leads to")
        }
        var weights: [Place: Double] = [:]
        for (leaf, entry) in leaves.enumerated() {
            for weight in table.weights[entry] {
                guard weight.output < outputs, weight.value.isFinite else {
                    throw node.refusal(
                        "a weight \(weight.value) of output \(weight.output) of \(outputs)")
                }
                weights[Place(leaf: leaf, output: weight.output), default: 0] += weight.value
            }
        }
        guard !weights.isEmpty else { throw node.refusal("no weights") }
        (conditions, forest) = try Self.forest(
            node, features: features, leafCount: leaves.count, roots: roots, splits: splits)
        self.outputs = outputs
        self.weights = weights
    }

    /// Whether every sample gets a score of each output: of a tree that has one in each of its leaves.
    var scoresAlways: Bool {
        let trees = forest.leavesOfTrees
        return (0..<outputs).allSatisfy { output in
            trees.contains { leaves in
                leaves.allSatisfy { weights[Place(leaf: $0, output: output)] != nil }
            }
        }
    }

    /// Each condition once; those of a feature by their thresholds, so that their order tells nothing of the trees.
    private static func forest(
        _ node: ONNXNode, features: Int, leafCount: Int, roots: [Int], splits: [Split]
    ) throws(ONNXError) -> (SplitConditions, Forest) {
        var conditions = SplitConditions.ordered(splits.map(\.condition))
        // A lonely leaf asks nothing.
        if conditions.isEmpty {
            conditions = [.init(feature: 0, test: .isAtMost(0), holdsOfMissing: false)]
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
}

extension Trees {
    /// A split as a condition, and where it leads on.
    fileprivate struct Split {
        let condition: SplitConditions.Condition
        var whenTrue = -1
        var whenFalse = -1
        /// Whether what the model calls true is where the condition doesn't hold.
        let isOpposite: Bool

        init(_ node: ONNXNode, _ entry: TreeTable.Node, features: Int) throws(ONNXError) {
            guard entry.feature < features, !entry.values.contains(where: \.isNaN) else {
                throw node.refusal(
                    "feature \(entry.feature) of \(features) at \(entry.name), or a threshold that is none"
                )
            }
            let mode = entry.mode
            // Inputs are floats: a double between two of them compares as its neighbour does.
            let limits = entry.values.map { threshold in
                let limit = Float(threshold)
                guard !mode.isEquality else { return limit }
                if Double(limit) > threshold { return limit.nextDown }
                // x < t is x <= the float before t.
                return mode.excludesEqual && Double(limit) == threshold ? limit.nextDown : limit
            }
            if mode.isEquality,
                let (_, none) = zip(limits, entry.values).first(where: {
                    Double($0) != $1
                })
            {
                throw node.refusal("equality with \(none), which no 32-bit float is")
            }
            condition = .init(
                feature: entry.feature,
                test: mode.isEquality ? .isOneOf(limits) : .isAtMost(limits[0]),
                // Of comparisons with what is missing, one alone holds: that it is not the threshold.
                holdsOfMissing: (entry.missingHolds || mode == .notEqual) != mode.isOpposite)
            isOpposite = mode.isOpposite
        }

        mutating func lead(to target: Int, _ isTrue: Bool) {
            if isTrue != isOpposite { whenTrue = target } else { whenFalse = target }
        }
    }
}
