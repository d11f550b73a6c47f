// SPDX-License-Identifier: Apache-2.0

import IntegerNetworks
import TensorGraphs

/// Conditions in files: how many features, then of each condition its feature, and a number: 1 where it holds of what is
/// missing, 2 more for an equality, 4 more for each value but the first; all values as reals.
extension SplitConditions {
    var parts: TensorOperation.Parts {
        var integers = [Int64(featureCount)]
        for condition in conditions {
            var kind = condition.isEquality ? 2 : 0
            if condition.holdsOfMissing { kind += 1 }
            kind += 4 * (condition.values.count - 1)
            integers += [Int64(condition.feature), Int64(kind)]
        }
        return TensorOperation.Parts(
            name: "conditions", integers: integers, reals: conditions.flatMap(\.values))
    }

    /// nil for what are no conditions.
    init?(_ integers: [Int], _ reals: [Float]) {
        guard integers.count % 2 == 1 else { return nil }
        var conditions: [Condition] = []
        var rest = reals[...]
        for index in stride(from: 1, to: integers.count, by: 2) {
            let kind = integers[index + 1]
            guard kind >= 0, kind / 4 < rest.count, kind & 2 != 0 || kind < 4 else { return nil }
            let values = Array(rest.prefix(kind / 4 + 1))
            rest = rest.dropFirst(values.count)
            let test: Test = kind & 2 != 0 ? .isOneOf(values) : .isAtMost(values[0])
            conditions.append(
                Condition(
                    feature: integers[index], test: test, holdsOfMissing: kind % 2 == 1))
            // One way to write each.
            guard conditions.last!.values == values else { return nil }
        }
        guard rest.isEmpty else { return nil }
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
