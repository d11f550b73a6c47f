// SPDX-License-Identifier: Apache-2.0

/// What becomes of values outside an input's box. NaN and infinities are refused always.
package enum OutsideValues: String, Sendable, CaseIterable {
    /// A value farther outside than the box is wide is refused (`SampleQuantizer.reach`); others take its nearest end.
    case refuse
    /// Every value outside takes the nearest end.
    case clamp
}

/// Turns samples into a network's integers, and counts what that changes.
package struct SampleQuantizer: Sendable {
    package let input: InputSpecification
    package let outside: OutsideValues
    /// How far outside the box a value may lie, in steps of its feature: as far as the box is wide. Where features are
    /// of one kind, such as pixels, counts or standardized values, the widest box counts: that a pixel was dark in all
    /// calibration samples makes a bright one no error. They are where the middles of all boxes lie in the widest, and
    /// half of the boxes are at least a quarter as wide.
    package let reach: [Float]

    package init(_ input: InputSpecification, outside: OutsideValues = .refuse) {
        self.input = input
        self.outside = outside
        let width = Float(max(input.range.upperBound - input.range.lowerBound, 1))
        let scales = input.scales
        var reach = Array(repeating: width, count: input.count)
        if let widest = scales.indices.max(by: { scales[$0] < scales[$1] }) {
            let box = input.reals(of: widest)
            let wide = scales.count { $0 >= scales[widest] / 4 }
            let areInside = scales.indices.allSatisfy { index in
                let ends = input.reals(of: index)
                return box.contains(ends.lowerBound / 2 + ends.upperBound / 2)
            }
            if 2 * wide >= scales.count, areInside {
                reach = scales.map { width * (scales[widest] / $0) }
            }
        }
        self.reach = reach
    }

    /// The integers of one sample.
    ///
    /// - Parameters:
    ///   - sample: `input.count` reals, row-major.
    ///   - index: by which errors name the sample.
    /// - Throws: `NetworkError.wrongCount`, `.notFinite`, or `.farOutside` where such values are refused.
    package func quantize(_ sample: [Float], index: Int) throws(NetworkError) -> [Int] {
        try quantize(sample, index: index) { _, _ in }
    }

    /// The same, counted in a tally.
    package func quantize(
        _ sample: [Float], index: Int, tally: inout QuantizationTally
    ) throws(NetworkError) -> [Int] {
        var clamped: [Int] = []
        let integers = try quantize(sample, index: index) { feature, _ in clamped.append(feature) }
        tally.add(sample, integers: integers, clamped: clamped)
        return integers
    }

    private func quantize(
        _ sample: [Float], index: Int, clamped: (Int, Float) -> Void
    ) throws(NetworkError) -> [Int] {
        if let feature = sample.firstIndex(where: { !$0.isFinite }), sample.count == input.count {
            throw .notFinite(sample: index, feature: feature, value: "\(sample[feature])")
        }
        let steps = try input.steps(sample)
        let (low, high) = (Float(input.range.lowerBound), Float(input.range.upperBound))
        var integers: [Int] = []
        integers.reserveCapacity(steps.count)
        for (feature, value) in steps.enumerated() {
            let inside = min(max(value, low), high)
            if inside != value {
                guard outside == .clamp || abs(value - inside) <= reach[feature] else {
                    throw .farOutside(
                        sample: index, feature: feature, value: sample[feature],
                        range: input.reals(of: feature))
                }
                clamped(feature, value)
            }
            integers.append(Int(inside))
        }
        return integers
    }
}

/// What became of samples that were quantized, by feature.
package struct QuantizationTally: Sendable {
    /// Of one feature over all samples.
    private struct Feature: Sendable {
        var clamped = 0
        var reals: ClosedRange<Float>?
        var integers: ClosedRange<Int>?
    }

    private let input: InputSpecification
    private var features: [Feature]
    /// Samples with a value that was clamped.
    package private(set) var clampedSamples = 0

    package init(_ input: InputSpecification) {
        self.input = input
        features = Array(repeating: Feature(), count: input.count)
    }

    mutating func add(_ sample: [Float], integers: [Int], clamped: [Int]) {
        for index in features.indices {
            let (real, integer) = (sample[index], integers[index])
            let (reals, codes) = (features[index].reals, features[index].integers)
            features[index].reals =
                reals.map { min($0.lowerBound, real)...max($0.upperBound, real) } ?? real...real
            features[index].integers =
                codes.map { min($0.lowerBound, integer)...max($0.upperBound, integer) }
                ?? integer...integer
        }
        for feature in clamped { features[feature].clamped += 1 }
        clampedSamples += clamped.isEmpty ? 0 : 1
    }

    /// Values that were clamped.
    package var clampedValues: Int { features.reduce(0) { $0 + $1.clamped } }

    /// Features with values that were clamped, and how many; most first.
    package var clampedByFeature: [(feature: Int, count: Int)] {
        features.enumerated().filter { $1.clamped > 0 }.map { ($0, $1.clamped) }
            .sorted { $0.count == $1.count ? $0.feature < $1.feature : $0.count > $1.count }
    }

    /// Integers that a feature may take.
    package var levels: Int { input.range.count }

    /// Features whose values vary, and those of them whose integers hardly do: they span less than a 64th of the box.
    package var spread: (varying: Int, collapsed: Int) {
        var (varying, collapsed) = (0, 0)
        for feature in features {
            guard let reals = feature.reals, let integers = feature.integers,
                reals.lowerBound < reals.upperBound
            else { continue }
            varying += 1
            collapsed += Self.isNarrow(integers, levels) ? 1 : 0
        }
        return (varying, collapsed)
    }

    private static func isNarrow(_ integers: ClosedRange<Int>, _ levels: Int) -> Bool {
        (integers.upperBound - integers.lowerBound) * 64 < levels
    }

    /// Whether most features that vary hardly do so as integers, though there are levels enough: a sign of samples in
    /// other units than the model's. Where all features have one scale, such as pixels, one sample can show it.
    package var looksLikeOtherUnits: Bool {
        guard levels >= 8 else { return false }
        let (varying, collapsed) = spread
        if 2 * collapsed > varying { return true }
        guard input.offsets.isEmpty, input.scales.isEmpty, input.count > 1 else { return false }
        let reals = features.compactMap(\.reals)
        let integers = features.compactMap(\.integers)
        guard let low = reals.map(\.lowerBound).min(), let high = reals.map(\.upperBound).max(),
            let least = integers.map(\.lowerBound).min(),
            let most = integers.map(\.upperBound).max()
        else { return false }
        return low < high && Self.isNarrow(least...most, levels)
    }
}
