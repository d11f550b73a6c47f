// SPDX-License-Identifier: Apache-2.0

/// Decision trees, without what their leaves are worth: which leaf of each a sample comes to.
package struct TreeEnsemble: Sendable, Equatable {
    /// What of a feature x and a threshold t leads on to the child `whenTrue`.
    package enum Mode: Int, Sendable, CaseIterable {
        case lessOrEqual, less, greater, greaterOrEqual, equal, notEqual

        @inline(__always)
        func holds(_ x: Float, _ t: Float) -> Bool {
            switch self {
            case .lessOrEqual: x <= t
            case .less: x < t
            case .greater: x > t
            case .greaterOrEqual: x >= t
            case .equal: x == t
            case .notEqual: x != t
            }
        }
    }

    package struct Split: Sendable, Equatable {
        package let feature: Int
        package let mode: Mode
        package let threshold: Float
        /// Whether NaN goes where the comparison holds.
        package let missingHolds: Bool
        /// Split i, or leaf -1 - i.
        package let whenTrue: Int
        package let whenFalse: Int

        package init(
            feature: Int, mode: Mode, threshold: Float, missingHolds: Bool, whenTrue: Int,
            whenFalse: Int
        ) {
            self.feature = feature
            self.mode = mode
            self.threshold = threshold
            self.missingHolds = missingHolds
            self.whenTrue = whenTrue
            self.whenFalse = whenFalse
        }
    }

    package let featureCount: Int
    package let leafCount: Int
    /// Of each tree: split i, or leaf -1 - i.
    package let roots: [Int]
    /// In an order in which children come after their parents.
    package let splits: [Split]

    /// - Throws: `ProgramError` where a child comes before its parent, a place is none, or it has not one parent.
    package init(
        featureCount: Int, leafCount: Int, roots: [Int], splits: [Split]
    ) throws(ProgramError) {
        let limit = 1...OutputProgram.maximumElements
        guard limit.contains(featureCount), limit.contains(leafCount), limit.contains(roots.count),
            splits.count <= OutputProgram.maximumElements
        else { throw ProgramError("trees of such sizes") }
        func isPlace(_ child: Int, after split: Int) -> Bool {
            child < 0 ? -1 - child < leafCount : child > split && child < splits.count
        }
        for (index, split) in splits.enumerated() {
            guard (0..<featureCount).contains(split.feature), !split.threshold.isNaN,
                isPlace(split.whenTrue, after: index), isPlace(split.whenFalse, after: index)
            else { throw ProgramError("a split of a tree that leads nowhere") }
        }
        guard roots.allSatisfy({ isPlace($0, after: -1) }) else {
            throw ProgramError("a tree without a root")
        }
        // Of as many places no two are one: walks through all trees together pass each split once at most.
        let children = roots + splits.flatMap { [$0.whenTrue, $0.whenFalse] }
        guard Set(children).count == children.count, children.count == splits.count + leafCount
        else { throw ProgramError("a split or a leaf of several trees, or of none") }
        self.featureCount = featureCount
        self.leafCount = leafCount
        self.roots = roots
        self.splits = splits
    }

    /// 1 for each leaf that a row of features comes to, 0 for others, row by row.
    package func leaves(_ rows: [Float]) -> [Float] {
        precondition(rows.count % featureCount == 0)
        let count = rows.count / featureCount
        var result = [Float](repeating: 0, count: count * leafCount)
        for row in 0..<count {
            for root in roots {
                var place = root
                while place >= 0 {
                    let split = splits[place]
                    let x = rows[row * featureCount + split.feature]
                    let holds =
                        split.mode.holds(x, split.threshold) || (split.missingHolds && x.isNaN)
                    place = holds ? split.whenTrue : split.whenFalse
                }
                result[row * leafCount - 1 - place] = 1
            }
        }
        return result
    }
}
