// SPDX-License-Identifier: Apache-2.0

import TensorGraphs

/// Trees in files: features, leaves and trees, then a root each, then of each split its feature, its mode and whether
/// what is missing goes where it holds, and both children; thresholds as reals.
extension TreeEnsemble {
    var parts: TensorOperation.Parts {
        TensorOperation.Parts(
            name: "leaves",
            integers: ([featureCount, leafCount, roots.count] + roots
                + splits.flatMap {
                    [
                        $0.feature, 2 * $0.mode.rawValue + ($0.missingHolds ? 1 : 0), $0.whenTrue,
                        $0.whenFalse,
                    ]
                }).map(Int64.init), reals: splits.map(\.threshold))
    }

    /// nil for what no trees have.
    init?(_ integers: [Int], _ reals: [Float]) {
        let count = integers[2]
        guard count >= 0, integers.count - 3 >= count,
            integers.count - 3 - count == 4 * reals.count
        else { return nil }
        var splits: [Split] = []
        for (index, threshold) in reals.enumerated() {
            let part = integers[(3 + count + 4 * index)...]
            let mode = part[part.startIndex + 1]
            guard mode >= 0, let kind = Mode(rawValue: mode / 2) else { return nil }
            splits.append(
                Split(
                    feature: part[part.startIndex], mode: kind, threshold: threshold,
                    missingHolds: mode % 2 == 1, whenTrue: part[part.startIndex + 2],
                    whenFalse: part[part.startIndex + 3]))
        }
        guard
            let trees = try? TreeEnsemble(
                featureCount: integers[0], leafCount: integers[1],
                roots: Array(integers[3..<3 + count]), splits: splits)
        else { return nil }
        self = trees
    }
}
