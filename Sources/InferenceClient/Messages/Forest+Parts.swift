// SPDX-License-Identifier: Apache-2.0

import IntegerNetworks
import TensorGraphs

/// Conditions in files: how many features, then of each condition its feature, and whether it is an equality and holds of
/// what is missing; thresholds as reals.
extension SplitConditions {
    var parts: TensorOperation.Parts {
        TensorOperation.Parts(
            name: "conditions",
            integers: ([featureCount]
                + conditions.flatMap {
                    [$0.feature, ($0.isEquality ? 2 : 0) + ($0.holdsOfMissing ? 1 : 0)]
                }).map(Int64.init), reals: conditions.map(\.threshold))
    }

    /// nil for what are no conditions.
    init?(_ integers: [Int], _ reals: [Float]) {
        guard integers.count == 1 + 2 * reals.count else { return nil }
        var conditions: [Condition] = []
        for (index, threshold) in reals.enumerated() {
            let kind = integers[2 + 2 * index]
            guard (0...3).contains(kind) else { return nil }
            conditions.append(
                Condition(
                    feature: integers[1 + 2 * index], isEquality: kind >= 2, threshold: threshold,
                    holdsOfMissing: kind % 2 == 1))
        }
        guard
            let made = try? SplitConditions(featureCount: integers[0], conditions: conditions)
        else { return nil }
        self = made
    }
}

/// Trees in files: chains, leaves and trees, then each chain's conditions and each root, then of each split its condition
/// and both children.
extension Forest {
    var integers: [Int] {
        [chains.count, leafCount, roots.count] + chains + roots
            + splits.flatMap { [$0.condition, $0.whenTrue, $0.whenFalse] }
    }

    var parts: TensorOperation.Parts {
        TensorOperation.Parts(name: "forest", integers: integers.map(Int64.init), reals: [])
    }

    /// nil for what no trees have.
    init?(_ integers: [Int]) {
        guard integers.count >= 3, integers[0] >= 0, integers[2] >= 0,
            integers[0] <= integers.count - 3, integers[2] <= integers.count - 3 - integers[0]
        else { return nil }
        let (chains, rest) = (integers[3..<3 + integers[0]], integers[(3 + integers[0])...])
        let roots = rest.prefix(integers[2])
        let splits = Array(rest.dropFirst(integers[2]))
        guard splits.count % 3 == 0 else { return nil }
        guard
            let trees = try? Forest(
                chains: Array(chains), leafCount: integers[1], roots: Array(roots),
                splits: stride(from: 0, to: splits.count, by: 3).map {
                    Split(
                        condition: splits[$0], whenTrue: splits[$0 + 1],
                        whenFalse: splits[$0 + 2])
                })
        else { return nil }
        self = trees
    }
}
