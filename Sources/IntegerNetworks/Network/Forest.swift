// SPDX-License-Identifier: Apache-2.0

/// Decision trees over bits: 1 for the leaf of each tree that a sample comes to, 0 for all other leaves.
///
/// Bits are conditions that a split asks for. Those of one chain come one after another, and each holds wherever the one
/// before it does, as "x < 1" and "x < 2" do: so much is asked of an input, and no other inputs have a meaning.
package struct Forest: Sendable, Equatable {
    package struct Split: Sendable, Equatable {
        package let condition: Int
        /// Split i, or leaf -1 - i.
        package let whenTrue: Int
        package let whenFalse: Int

        package init(condition: Int, whenTrue: Int, whenFalse: Int) {
            self.condition = condition
            self.whenTrue = whenTrue
            self.whenFalse = whenFalse
        }
    }

    /// Of each chain, the number of its conditions.
    package let chains: [Int]
    package let conditionCount: Int
    package let leafCount: Int
    /// Of each tree: split i, or leaf -1 - i.
    package let roots: [Int]
    /// In an order in which children come after their parents.
    package let splits: [Split]

    /// - Throws: `NetworkError` where a child comes before its parent, a place is none, or it has not one parent.
    package init(
        chains: [Int], leafCount: Int, roots: [Int], splits: [Split]
    ) throws(NetworkError) {
        let limit = 1...IntegerNetwork.maximumElements
        guard !chains.isEmpty, chains.count <= limit.upperBound,
            chains.allSatisfy(limit.contains)
        else { throw .invalidShape("chains of conditions that are none") }
        let conditionCount = chains.reduce(0) { min($0 + $1, limit.upperBound + 1) }
        guard limit.contains(conditionCount), limit.contains(leafCount),
            limit.contains(roots.count),
            splits.count <= limit.upperBound
        else { throw .invalidShape("trees of such sizes") }
        func isPlace(_ child: Int, after split: Int) -> Bool {
            child < 0 ? -1 - child < leafCount : child > split && child < splits.count
        }
        for (index, split) in splits.enumerated() {
            guard (0..<conditionCount).contains(split.condition),
                isPlace(split.whenTrue, after: index), isPlace(split.whenFalse, after: index)
            else { throw .invalidShape("a split of a tree that leads nowhere") }
        }
        guard roots.allSatisfy({ isPlace($0, after: -1) }) else {
            throw .invalidShape("a tree without a root")
        }
        // Of as many places no two are one: walks through all trees together pass each split once at most.
        let children = roots + splits.flatMap { [$0.whenTrue, $0.whenFalse] }
        guard Set(children).count == children.count, children.count == splits.count + leafCount
        else { throw .invalidShape("a split or a leaf of several trees, or of none") }
        self.chains = chains
        self.conditionCount = conditionCount
        self.leafCount = leafCount
        self.roots = roots
        self.splits = splits
        // Paths are as long as there are levels, of every leaf.
        let levels = levels
        guard levels <= Self.mostLevels else {
            throw .invalidShape(
                "trees of \(levels) splits one after another; at most \(Self.mostLevels)")
        }
    }

    package static let mostLevels = 1024

    /// The leaf of each tree that bits lead to.
    /// - Parameter holds: whether a condition holds.
    @inlinable
    package func reached(_ holds: (Int) -> Bool) -> [Int] {
        roots.map { root in
            var place = root
            while place >= 0 {
                let split = splits[place]
                place = holds(split.condition) ? split.whenTrue : split.whenFalse
            }
            return -1 - place
        }
    }

    /// 1 for each leaf that bits lead to, 0 for others.
    /// - Parameter holds: whether a condition holds.
    package func leaves(_ holds: (Int) -> Bool) -> [Int64] {
        var leaves = [Int64](repeating: 0, count: leafCount)
        for leaf in reached(holds) { leaves[leaf] = 1 }
        return leaves
    }

    /// Splits one after another on the longest way through a tree.
    package var levels: Int {
        var levels = [Int](repeating: 0, count: splits.count)
        func level(_ place: Int) -> Int { place < 0 ? 0 : levels[place] }
        for index in splits.indices.reversed() {
            levels[index] = 1 + max(level(splits[index].whenTrue), level(splits[index].whenFalse))
        }
        return roots.reduce(0) { max($0, level($1)) }
    }

    /// Of each tree, its leaves; in the order in which a walk meets them, what holds first.
    package var leavesOfTrees: [[Int]] {
        roots.map { root in
            var leaves: [Int] = []
            var waiting = [root]
            while let place = waiting.popLast() {
                if place < 0 {
                    leaves.append(-1 - place)
                } else {
                    waiting += [splits[place].whenFalse, splits[place].whenTrue]
                }
            }
            return leaves
        }
    }

    /// Of each tree, the smallest and the largest value of its leaves: one of each tree is reached.
    /// - Parameter value: of a leaf.
    package func ranges<Value: Comparable>(of value: (Int) -> Value) -> [ClosedRange<Value>] {
        leavesOfTrees.map { leaves in
            let values = leaves.map(value)
            return values.min()!...values.max()!
        }
    }
}
