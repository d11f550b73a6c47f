// SPDX-License-Identifier: Apache-2.0

/// A range of each element of a tensor.
struct ElementRanges: Sendable, Equatable {
    var lower: [Double]
    var upper: [Double]

    /// Largest magnitude of any element.
    var magnitude: Double {
        zip(lower, upper).reduce(0) { max($0, abs($1.0), abs($1.1)) }
    }

    var squared: ElementRanges {
        var result = self
        for index in lower.indices {
            let (low, high) = (lower[index] * lower[index], upper[index] * upper[index])
            result.lower[index] = lower[index] <= 0 && upper[index] >= 0 ? 0 : min(low, high)
            result.upper[index] = max(low, high)
        }
        return result
    }

    static func * (left: ElementRanges, right: ElementRanges) -> ElementRanges {
        var result = left
        for i in left.lower.indices {
            let corners = [
                left.lower[i] * right.lower[i], left.lower[i] * right.upper[i],
                left.upper[i] * right.lower[i], left.upper[i] * right.upper[i],
            ]
            result.lower[i] = corners.min()!
            result.upper[i] = corners.max()!
        }
        return result
    }
}
