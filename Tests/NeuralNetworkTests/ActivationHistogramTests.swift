// SPDX-License-Identifier: Apache-2.0

import PolynomialFitting
import Testing

@Suite struct ActivationHistogramTests {
    @Test func everyValueFallsIntoItsBin() {
        let histogram = ActivationHistogram(values: [-1, -0.6, -0.4, 0, 0.9, 1], bins: 4)
        #expect(histogram.range == -1...1)
        // Bins are closed below: 0 belongs to the third, the greatest value to the last.
        #expect(histogram.counts == [2, 1, 1, 2])
        #expect(histogram.total == 6)
        #expect(ActivationHistogram(values: [1, 2, 3]).counts.count == 256)
    }

    @Test func valuesThatAreNoNumbersAreIgnored() {
        let histogram = ActivationHistogram(
            values: [.nan, 1, .infinity, -.infinity, 3, .signalingNaN], bins: 2)
        #expect(histogram.range == 1...3)
        #expect(histogram.counts == [1, 1])
    }

    @Test(
        arguments: [
            [], [.nan], [0, 0], [7, 7, 7], [1000, 1000.0001], [-0.001], [1e30],
            [0x1p-140, 0x1p-139],
        ]
            as [[Float]])
    func degenerateDataHasATinyRange(values: [Float]) {
        let histogram = ActivationHistogram(values: values, bins: 8)
        let size = Double(values.filter(\.isFinite).map(\.magnitude).max() ?? 0)
        #expect(histogram.radius > 0.99e-6 * max(size, 1e-30))
        #expect(histogram.radius <= 1.01e-6 * max(1, size))
        let finite = values.count { $0.isFinite }
        #expect(histogram.total == finite)
        for value in values where value.isFinite {
            #expect(histogram.range.contains(Double(value)))
        }
    }

    @Test func theWidestRangeIsNoTrouble() {
        let greatest = Float.greatestFiniteMagnitude
        let histogram = ActivationHistogram(values: [-greatest, 0, greatest], bins: 3)
        #expect(histogram.counts == [1, 1, 1])
        #expect(histogram.radius == Double(greatest))
    }

    @Test func noBinsAreOneBin() {
        #expect(ActivationHistogram(values: [1, 2], bins: 0).counts == [2])
        #expect(ActivationHistogram(values: [1, 2], bins: -5).counts == [2])
    }

    @Test func twoPassesOverPartsSeeWhatOneCallSees() {
        let parts: [[Float]] = [[3, -2, .nan], [], [0.5, 8, 1]]
        var whole = ActivationRange()
        for part in parts {
            var range = ActivationRange()
            range.add(part)
            whole.add(range)
        }
        var counted = ActivationHistogram(range: whole, bins: 10)
        #expect(counted.total == 0)
        for part in parts {
            var histogram = ActivationHistogram(range: whole, bins: 10)
            histogram.add(part)
            counted.add(histogram)
        }
        let atOnce = ActivationHistogram(values: Array(parts.joined()), bins: 10)
        #expect(counted == atOnce)
    }

    /// What comes again and again is a point, and nothing beside it.
    @Test func pointsAreKept() {
        var histogram = ActivationHistogram(
            values: Array(repeating: 0, count: 9) + [0.3, 0.31, 0.7] + [1, 1], bins: 4)
        #expect((0..<4).map(histogram.point(ofBin:)) == [0, nil, nil, 1])
        #expect(histogram.points == nil)
        histogram = ActivationHistogram(
            values: (0..<24).map { Float($0 % 3) }, bins: 256)
        #expect(histogram.points == [0, 1, 2])
        // Too few to tell that there are no others.
        #expect(ActivationHistogram(values: [0, 0, 1, 1], bins: 256).points == nil)
        #expect(ActivationHistogram(values: []).points == nil)
        var range = ActivationRange()
        range.add([0, 1])
        var part = ActivationHistogram(range: range, bins: 2)
        part.add([-5, -5])
        #expect(part.point(ofBin: 0) == 0)
        var other = ActivationHistogram(range: range, bins: 2)
        other.add([0.25])
        part.add(other)
        #expect(part.point(ofBin: 0) == nil)
    }

    @Test func valuesOutsideTheRangeGoToTheEnds() {
        var range = ActivationRange()
        range.add([0, 1])
        var histogram = ActivationHistogram(range: range, bins: 2)
        histogram.add([-3e38, 3e38, 3e38])
        #expect(histogram.counts == [1, 2])
    }
}
