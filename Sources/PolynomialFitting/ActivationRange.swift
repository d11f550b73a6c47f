// SPDX-License-Identifier: Apache-2.0

/// The least and the greatest finite value seen: the first of two passes over values that are too many to keep.
package struct ActivationRange: Sendable, Equatable {
    private var lower = Float.infinity
    private var upper = -Float.infinity

    package init() {}

    /// NaN and infinities are passed over.
    package mutating func add(_ values: [Float]) {
        for value in values where value.isFinite {
            if value < lower { lower = value }
            if value > upper { upper = value }
        }
    }

    /// What two passes over parts have seen together.
    package mutating func add(_ other: ActivationRange) {
        lower = min(lower, other.lower)
        upper = max(upper, other.upper)
    }

    /// Whether no finite value has been seen.
    package var isEmpty: Bool { lower > upper }

    /// The values seen; where they are none or (nearly) one, a range around them: 10^-6 of their size to both sides,
    /// or -10^-6...10^-6 around nothing and around values below 10^-24. So powers of the width stay within Double.
    package var range: ClosedRange<Double> {
        let nearlyNothing = 1e-24
        let relativeRadius = 1e-6
        guard !isEmpty else { return -relativeRadius...relativeRadius }
        let (low, high) = (Double(lower), Double(upper))
        let size = max(abs(low), abs(high))
        guard size >= nearlyNothing else { return -relativeRadius...relativeRadius }
        let radius = size * relativeRadius
        guard (high - low) / 2 < radius else { return low...high }
        let center = (low + high) / 2
        return center - radius...center + radius
    }
}
