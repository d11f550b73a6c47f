// SPDX-License-Identifier: Apache-2.0

/// The codes of QuantizeLinear and DequantizeLinear, as ONNX defines them: of a whole tensor, or of each index of an
/// axis.
package struct QuantizationGrid: Sendable, Equatable {
    /// One for all, or one for each index of the axis; zero points likewise.
    package let scales: [Float]
    package let zeroPoints: [Float]
    /// Elements of one index of the axis that lie together.
    package let inner: Int
    /// The least and the largest code of the type.
    package let low: Float
    package let high: Float

    package init(
        scales: [Float], zeroPoints: [Float], inner: Int = 1, low: Float, high: Float
    ) {
        precondition(!scales.isEmpty && scales.count == zeroPoints.count && inner > 0)
        self.scales = scales
        self.zeroPoints = zeroPoints
        self.inner = inner
        self.low = low
        self.high = high
    }

    package init(scale: Float, zeroPoint: Float, low: Float, high: Float) {
        self.init(scales: [scale], zeroPoints: [zeroPoint], low: low, high: high)
    }

    /// Place of an element's scale.
    package func place(_ index: Int) -> Int {
        scales.count == 1 ? 0 : index / inner % scales.count
    }

    /// The reals that codes of a scale stand for, the least and the largest: what lies beyond is saturated.
    package func reals(_ place: Int) -> ClosedRange<Double> {
        let (scale, zero) = (Double(scales[place]), Double(zeroPoints[place]))
        return (Double(low) - zero) * scale...(Double(high) - zero) * scale
    }

    /// Divides, rounds half to even, adds the zero point, saturates.
    package func codes(_ reals: [Float]) -> [Float] {
        reals.indices.map { index in
            let place = place(index)
            let code = (reals[index] / scales[place]).rounded(.toNearestOrEven) + zeroPoints[place]
            return min(max(code, low), high)
        }
    }

    package func values(_ codes: [Float]) -> [Float] {
        codes.indices.map { index in
            let place = place(index)
            return (codes[index] - zeroPoints[place]) * scales[place]
        }
    }
}
