// SPDX-License-Identifier: Apache-2.0

import Foundation
import PolynomialFitting
import TestSupport

/// Inputs of activations as tests want them.
enum ActivationSamples {
    /// Normal values (Box and Muller) of deviation 1.
    static func normal(count: Int, seed: UInt64) -> [Float] {
        var generator = SplitMix64(seed: seed)
        return (0..<count).map { _ in
            let radius = (-2 * log(Double.random(in: .leastNormalMagnitude..<1, using: &generator)))
                .squareRoot()
            return Float(radius * cos(.random(in: 0..<2 * .pi, using: &generator)))
        }
    }

    /// Equal counts in all bins.
    static func uniform(_ range: ClosedRange<Float>, bins: Int = 256) -> ActivationHistogram {
        let width = (range.upperBound - range.lowerBound) / Float(bins)
        let inner = (0..<bins).map { range.lowerBound + (Float($0) + 0.5) * width }
        var seen = ActivationRange()
        seen.add([range.lowerBound, range.upperBound])
        var histogram = ActivationHistogram(range: seen, bins: bins)
        histogram.add(inner)
        return histogram
    }
}
