// SPDX-License-Identifier: Apache-2.0

import BigIntegers

/// Ranges that several methods narrow, with the method that each end came from.
struct RefinedRanges {
    private(set) var ranges: [ClosedRange<BigInt>]
    private var lowerMethods: [BoundMethod]
    private var upperMethods: [BoundMethod]

    init(_ ranges: [ClosedRange<BigInt>]) {
        self.ranges = ranges
        lowerMethods = Array(repeating: .interval, count: ranges.count)
        upperMethods = lowerMethods
    }

    mutating func lowerEnd(_ value: BigInt, of index: Int, method: BoundMethod) {
        guard value > ranges[index].lowerBound else { return }
        // Both ends are true of a value that exists, so they cannot cross.
        precondition(value <= ranges[index].upperBound, "a lower bound above an upper bound")
        ranges[index] = value...ranges[index].upperBound
        lowerMethods[index] = method
    }

    mutating func upperEnd(_ value: BigInt, of index: Int, method: BoundMethod) {
        guard value < ranges[index].upperBound else { return }
        precondition(value >= ranges[index].lowerBound, "an upper bound below a lower bound")
        ranges[index] = ranges[index].lowerBound...value
        upperMethods[index] = method
    }

    var ends: [BoundMethod: Int] {
        (lowerMethods + upperMethods).reduce(into: [:]) { $0[$1, default: 0] += 1 }
    }
}
