// SPDX-License-Identifier: Apache-2.0

/// What goes into a network: the shape of one sample and how its reals become integers.
///
/// The network computes on `v = q - zeroPoint`, where q is the code that ONNX's QuantizeLinear gives, so
/// that the real value is `scale * v` and the padding of a convolution is the integer 0.
public struct InputSpecification: Sendable, Equatable {
    /// Sizes of one sample, without the batch: [C, H, W] or [features].
    public let shape: [Int]
    /// The box: every v is in this range. The certificate holds for all of it.
    package let range: ClosedRange<Int>
    /// Real value of one integer step; finite and positive.
    package let scale: Float
    /// QuantizeLinear's zero point, kept for writing codes q = v + zeroPoint; no arithmetic uses it.
    package let zeroPoint: Int
    /// Of each feature, what is taken off before it is scaled; none where empty.
    package let offsets: [Float]
    /// Of each feature, the real value of one step instead of `scale`; none where empty.
    package let scales: [Float]
    /// What is done to a whole sample first.
    package let normalization: Normalization?

    /// Largest magnitude of the box's ends: exact in Float as in Double after clamping.
    package static let maximumMagnitude = 1 << 24

    /// Values of a sample: the product of its shape.
    public var count: Int { shape.reduce(1, *) }

    /// - Throws: `NetworkError` when a size is not positive, the box is wider than
    ///   `maximumMagnitude`, a scale is not a positive normal number, an offset is not finite, or there are not as many
    ///   of them as features.
    package init(
        shape: [Int], range: ClosedRange<Int>, scale: Float, zeroPoint: Int = 0,
        offsets: [Float] = [], scales: [Float] = [], normalization: Normalization? = nil
    ) throws(NetworkError) {
        guard !shape.isEmpty else { throw .invalidShape("an input needs at least one dimension") }
        let count = try checkedCount(shape, of: "the input")
        for (values, what) in [(offsets, "offsets"), (scales, "scales")] {
            guard values.isEmpty || values.count == count else {
                throw .wrongCount(
                    of: "the input's \(what)", expected: count, found: values.count)
            }
        }
        guard offsets.allSatisfy(\.isFinite), scales.allSatisfy({ $0.isNormal && $0 > 0 }) else {
            throw .invalidQuantization("an input's offset or scale is not a number to use")
        }
        let limit = Self.maximumMagnitude
        guard range.lowerBound >= -limit, range.upperBound <= limit else {
            throw .invalidQuantization("the box \(range) exceeds \(-limit)...\(limit)")
        }
        guard scale.isNormal, scale > 0 else {
            throw .invalidQuantization("the input's scale \(scale) is not a positive number")
        }
        guard zeroPoint >= -limit, zeroPoint <= limit else {
            throw .invalidQuantization("the zero point \(zeroPoint) exceeds \(-limit)...\(limit)")
        }
        self.shape = shape
        self.range = range
        self.scale = scale
        self.zeroPoint = zeroPoint
        self.offsets = offsets
        self.scales = scales
        self.normalization = normalization
    }

    /// Integers of one sample: each real, less its offset, divided by its scale in Float32, rounded half to even and
    /// clamped to the box (without offsets, QuantizeLinear of the ONNX specification, less the zero point). Infinities
    /// clamp. What users send goes through `SampleQuantizer`, which refuses what lies far outside.
    ///
    /// - Parameter sample: `count` reals, row-major.
    /// - Throws: `NetworkError.wrongCount`, or `.notANumber` for a NaN.
    package func quantize(_ sample: [Float]) throws(NetworkError) -> [Int] {
        let low = Float(range.lowerBound)
        let high = Float(range.upperBound)
        return try steps(sample).map { Int(min(max($0, low), high)) }
    }

    /// The same before it is clamped.
    func steps(_ sample: [Float]) throws(NetworkError) -> [Float] {
        guard sample.count == count else {
            throw .wrongCount(of: "the sample", expected: count, found: sample.count)
        }
        var steps: [Float] = []
        steps.reserveCapacity(sample.count)
        let sample = normalization?.apply(sample) ?? sample
        for (index, value) in sample.enumerated() {
            let centered = offsets.isEmpty ? value : value - offsets[index]
            guard !centered.isNaN else { throw .notANumber(index: index) }
            let step = scales.isEmpty ? scale : scales[index]
            steps.append((centered / step).rounded(.toNearestOrEven))
        }
        return steps
    }

    /// What the box is for a feature, in reals; after the normalization, where there is one.
    func reals(of feature: Int) -> ClosedRange<Float> {
        let step = scales.isEmpty ? scale : scales[feature]
        let offset = offsets.isEmpty ? 0 : offsets[feature]
        return offset + step * Float(range.lowerBound)...offset + step * Float(range.upperBound)
    }
}

extension InputSpecification {
    /// - Throws: `NetworkError` where a quantized sample has another count, or a value outside the range.
    package func check(quantized sample: [Int]) throws(NetworkError) {
        guard sample.count == count else {
            throw .wrongCount(of: "the sample", expected: count, found: sample.count)
        }
        if let index = sample.firstIndex(where: { !range.contains($0) }) {
            throw .outsideBox(index: index, value: sample[index], range: range)
        }
    }
}
