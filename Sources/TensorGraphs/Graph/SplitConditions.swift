// SPDX-License-Identifier: Apache-2.0

import IntegerNetworks

/// What trees ask of a sample's features, as bits: "x is at most t", or "x is one of these", of one feature each.
///
/// The comparison is the model's own, of 32-bit floats, so nothing is rounded.
package struct SplitConditions: Sendable, Equatable {
    package enum Test: Sendable, Hashable {
        case isAtMost(Float)
        /// Of values in their order, each once.
        case oneOf([Float])

        package static func isOneOf(_ values: [Float]) -> Test {
            // -0 is 0.
            .oneOf(Set(values.map { $0 + 0 }).sorted())
        }
    }

    package struct Condition: Sendable, Hashable {
        package let feature: Int
        package let test: Test
        /// Whether it holds of NaN.
        package let holdsOfMissing: Bool

        package init(feature: Int, test: Test, holdsOfMissing: Bool) {
            self.feature = feature
            self.test = test
            self.holdsOfMissing = holdsOfMissing
        }

        /// What is compared with.
        package var values: [Float] {
            switch test {
            case .isAtMost(let limit): [limit]
            case .oneOf(let values): values
            }
        }

        package var isEquality: Bool { if case .oneOf = test { true } else { false } }

        @inline(__always)
        package func holds(of x: Float) -> Bool {
            switch test {
            case .isAtMost(let limit): x <= limit || (holdsOfMissing && x.isNaN)
            case .oneOf(let values): values.contains(x) || (holdsOfMissing && x.isNaN)
            }
        }

        /// Whether it holds wherever another does, as the next of a chain.
        package func follows(_ other: Condition) -> Bool {
            guard case .isAtMost(let limit) = test, case .isAtMost(let before) = other.test else {
                return false
            }
            return feature == other.feature && holdsOfMissing == other.holdsOfMissing
                && limit >= before
        }
    }

    package let featureCount: Int
    package let conditions: [Condition]

    /// - Throws: `ProgramError` where there are none, or one of a feature or a threshold that is none.
    package init(featureCount: Int, conditions: [Condition]) throws(ProgramError) {
        let limit = 1...OutputProgram.maximumElements
        guard limit.contains(featureCount), limit.contains(conditions.count),
            conditions.allSatisfy({
                (0..<featureCount).contains($0.feature) && !$0.values.isEmpty
                    && !$0.values.contains(where: \.isNaN)
            })
        else { throw ProgramError("conditions of trees that are none") }
        self.featureCount = featureCount
        self.conditions = conditions
    }

    /// Each once, those of a feature by what they compare with: chains, in an order that tells nothing of trees.
    package static func ordered(_ conditions: [Condition]) -> [Condition] {
        func kind(_ condition: Condition) -> Int {
            (condition.isEquality ? 2 : 0) + (condition.holdsOfMissing ? 1 : 0)
        }
        return Set(conditions).sorted {
            let (first, second) = (($0.feature, kind($0)), ($1.feature, kind($1)))
            return first == second
                ? $0.values.lexicographicallyPrecedes($1.values) : first < second
        }
    }

    /// 1 where a condition holds of a row of features, 0 elsewhere; row by row.
    package func bits(_ rows: [Float]) -> [Float] {
        precondition(rows.count % featureCount == 0)
        return stride(from: 0, to: rows.count, by: featureCount).flatMap { start in
            conditions.map { $0.holds(of: rows[start + $0.feature]) ? 1 : 0 }
        }
    }

    /// Of each chain, how many conditions it has: each holds wherever the one before it does.
    package var chains: [Int] {
        var chains: [Int] = []
        for (index, condition) in conditions.enumerated() {
            if index > 0, condition.follows(conditions[index - 1]) {
                chains[chains.count - 1] += 1
            } else {
                chains.append(1)
            }
        }
        return chains
    }
}

extension Forest {
    /// 1 for each leaf that a row of bits leads to, 0 for others, row by row.
    package func leaves(_ rows: [Float]) -> [Float] {
        precondition(rows.count % conditionCount == 0)
        let count = rows.count / conditionCount
        var result = [Float](repeating: 0, count: count * leafCount)
        for row in 0..<count {
            for leaf in reached({ rows[row * conditionCount + $0] != 0 }) {
                result[row * leafCount + leaf] = 1
            }
        }
        return result
    }
}
