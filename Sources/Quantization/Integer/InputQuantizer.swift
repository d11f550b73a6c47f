// SPDX-License-Identifier: Apache-2.0

import IntegerNetworks

/// Chooses the integers of an input from samples.
struct InputQuantizer: Sendable {
    /// Steps that a box of codes is looked for with: those of bytes.
    static let maximumCodes = 255

    let network: RealNetwork
    /// Prepared samples, one after another.
    let samples: [[Float]]
    /// The input as it enters the network.
    private let isImage: Bool
    /// Number of steps from zero to the largest value that all values are multiples of; nil if there is none.
    private let codes: Int?
    private let lowest: Float
    private let highest: Float

    init(_ network: RealNetwork, samples: [[Float]]) {
        self.network = network
        self.samples = samples
        isImage = network.inputShape.count > 1 && network.inputRanges.isEmpty
        let low = samples.map { $0.min() ?? 0 }.min() ?? 0
        let high = samples.map { $0.max() ?? 0 }.max() ?? 0
        lowest = low
        highest = high
        codes = Self.codes(samples, largest: max(high, -low))
    }

    private static func codes(_ samples: [[Float]], largest: Float) -> Int? {
        guard largest > 0 else { return nil }
        let distinct = Set(samples.lazy.prefix(500).flatMap { $0 })
        guard distinct.count <= 2 * maximumCodes + 1 else { return nil }
        return (1...maximumCodes).first { count in
            distinct.allSatisfy { value in
                let code = value / largest * Float(count)
                return abs(code - code.rounded()) < 1e-3
            }
        }
    }

    /// - Parameter levels: largest magnitude of a code where codes have signs; twice that and one where they have none.
    func specification(
        levels: Int, method: RangeMethod
    ) throws(QuantizationError) -> InputSpecification {
        do {
            if let fixed = network.fixedInput {
                return try InputSpecification(
                    shape: network.inputShape, range: fixed.range, scale: fixed.scale,
                    zeroPoint: fixed.zeroPoint, normalization: network.normalization)
            }
            return isImage ? try image(levels, method) : try features(levels, method)
        } catch {
            throw .invalidNetwork(error.description)
        }
    }

    /// One scale for all, and zero stays the integer zero: the padding of convolutions.
    private func image(
        _ levels: Int, _ method: RangeMethod
    ) throws(NetworkError) -> InputSpecification {
        let isSigned = lowest < 0
        let allowed = isSigned ? levels : 2 * levels + 1
        let largest = max(highest, -lowest)
        var count = allowed
        var scale = largest > 0 ? largest / Float(allowed) : 1
        if let codes, codes <= allowed {
            count = codes
            scale = largest / Float(codes)
        } else if method != .minMax, largest > 0 {
            let values = samples.prefix(100).flatMap { $0 }
            scale =
                largest / Float(allowed)
                * shrink(
                    values, center: 0, half: largest, steps: allowed, isSigned: isSigned, method)
        }
        return try InputSpecification(
            shape: network.inputShape, range: (isSigned ? -count : 0)...count,
            scale: scale.isNormal ? scale : 1, normalization: network.normalization)
    }

    /// The middle of each feature's range is zero, and each has its own step.
    private func features(
        _ levels: Int, _ method: RangeMethod
    ) throws(NetworkError) -> InputSpecification {
        var offsets: [Float] = []
        var scales: [Float] = []
        for index in 0..<network.inputCount {
            let values = samples.map { $0[index] }
            // What is known can be, samples or not.
            let known = network.inputRanges.isEmpty ? nil : network.inputRanges[index]
            let (low, high) = (
                known?.lowerBound ?? values.min() ?? 0, known?.upperBound ?? values.max() ?? 0
            )
            let (center, half) = (low / 2 + high / 2, high / 2 - low / 2)
            offsets.append(center)
            let part =
                method == .minMax || half == 0 || known != nil
                ? 1
                : shrink(
                    values, center: center, half: half, steps: levels, isSigned: true, method)
            scales.append(half * part / Float(levels))
        }
        // Of a feature that never changes no other value is known: its box is next to nothing, so that any is told.
        for index in scales.indices where !scales[index].isNormal {
            scales[index] = max(abs(offsets[index]), 1) * 0x1p-20 / Float(levels)
        }
        let widest = scales.max() ?? 1
        let fallback: Float = widest.isNormal ? widest : 1
        return try InputSpecification(
            shape: network.inputShape, range: -levels...levels, scale: fallback,
            offsets: offsets, scales: scales.map { $0.isNormal ? $0 : fallback },
            normalization: network.normalization)
    }

    /// The part of half the range to keep.
    private func shrink(
        _ values: [Float], center: Float, half: Float, steps: Int, isSigned: Bool,
        _ method: RangeMethod
    ) -> Float {
        if method == .percentile {
            let sizes = values.map { abs($0 - center) }.sorted()
            let kept = sizes[min(sizes.count - 1, sizes.count * 999 / 1000)]
            return kept > 0 ? kept / half : 1
        }
        var best: (part: Float, error: Float) = (1, .infinity)
        for part in stride(from: Float(1), through: 0.5, by: -0.05) {
            let step = half * part / Float(steps)
            var error: Float = 0
            for value in values {
                let code = ((value - center) / step).rounded()
                let clamped = min(max(code, isSigned ? -Float(steps) : 0), Float(steps))
                let difference = value - center - clamped * step
                error += difference * difference
            }
            // Samples to come exceed those seen: keep the range unless shrinking it pays.
            if error < 0.95 * best.error { best = (part, error) }
        }
        return best.part
    }
}
