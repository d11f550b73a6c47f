// SPDX-License-Identifier: Apache-2.0

/// What an activation's inputs looked like: equal bins over the range seen (of one layer, all samples and elements).
package struct ActivationHistogram: Sendable, Equatable {
    package let range: ClosedRange<Double>
    package private(set) var counts: [Int]
    /// Of each bin the least and the greatest value counted, within the range; infinite where none was.
    private var lowest: [Double]
    private var highest: [Double]

    /// Counts values that are at hand.
    ///
    /// - Parameters:
    ///   - values: NaN and infinities are ignored; none, or one and the same, give the range of `ActivationRange`.
    ///   - bins: at least 1; less counts as 1.
    package init(values: [Float], bins: Int = 256) {
        var seen = ActivationRange()
        seen.add(values)
        self.init(range: seen, bins: bins)
        add(values)
    }

    /// An empty histogram: the second of two passes, to `add` the same values again.
    package init(range: ActivationRange, bins: Int = 256) {
        self.range = range.range
        counts = Array(repeating: 0, count: max(1, bins))
        lowest = Array(repeating: .infinity, count: counts.count)
        highest = Array(repeating: -.infinity, count: counts.count)
    }

    /// Counts values; those outside the range go to the bins at its ends, NaN and infinities nowhere.
    package mutating func add(_ values: [Float]) {
        let low = range.lowerBound
        let last = counts.count - 1
        let binsPerUnit = Double(counts.count) / (range.upperBound - low)
        for value in values where value.isFinite {
            let position = (Double(value) - low) * binsPerUnit
            let bin = Int(min(max(position, 0), Double(last)))
            counts[bin] += 1
            let place = min(max(Double(value), low), range.upperBound)
            lowest[bin] = min(lowest[bin], place)
            highest[bin] = max(highest[bin], place)
        }
    }

    /// Adds the counts of another part of the values, over the same range with as many bins.
    package mutating func add(_ other: ActivationHistogram) {
        precondition(other.range == range && other.counts.count == counts.count)
        for bin in counts.indices {
            counts[bin] += other.counts[bin]
            lowest[bin] = min(lowest[bin], other.lowest[bin])
            highest[bin] = max(highest[bin], other.highest[bin])
        }
    }

    /// The one value of a bin that was counted more than once there, and nothing else: inputs that are whole numbers,
    /// or what a function cuts off.
    package func point(ofBin bin: Int) -> Double? {
        counts[bin] > 1 && lowest[bin] == highest[bin] ? lowest[bin] : nil
    }

    /// All values, where they are few and come again and again: each of them is one bin's, and there are eight times as
    /// many counts.
    package var points: [Double]? {
        let bins = counts.indices.filter { counts[$0] > 0 }
        let points = bins.compactMap(point)
        return points.count == bins.count && !points.isEmpty && total >= 8 * points.count
            ? points : nil
    }

    /// How many values have been counted.
    package var total: Int { counts.reduce(0, +) }

    /// Half the width of the range, above 0.
    package var radius: Double { (range.upperBound - range.lowerBound) / 2 }

    package var center: Double { (range.lowerBound + range.upperBound) / 2 }
}
