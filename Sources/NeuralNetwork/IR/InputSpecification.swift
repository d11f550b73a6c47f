/// What goes into a network: the shape of one sample and how its reals become integers.
///
/// The network computes on `v = q - zeroPoint`, where q is the code that ONNX's QuantizeLinear gives, so
/// that the real value is `scale * v` and the padding of a convolution is the integer 0.
public struct InputSpecification: Sendable, Equatable {
    /// Sizes of one sample, without the batch: [C, H, W] or [features].
    public let shape: [Int]
    /// The box: every v is in this range. The certificate holds for all of it.
    public let range: ClosedRange<Int>
    /// Real value of one integer step; finite and positive.
    public let scale: Float
    /// QuantizeLinear's zero point, kept for writing codes q = v + zeroPoint; no arithmetic uses it.
    public let zeroPoint: Int

    /// Largest magnitude of the box's ends: exact in Float as in Double after clamping.
    public static let maximumMagnitude = 1 << 24

    public var count: Int { shape.reduce(1, *) }

    /// - Throws: `NetworkError` when a size is not positive, the box is wider than
    ///   `maximumMagnitude` or the scale is not a positive normal number.
    public init(
        shape: [Int], range: ClosedRange<Int>, scale: Float, zeroPoint: Int = 0
    ) throws(NetworkError) {
        guard !shape.isEmpty else { throw .invalidShape("an input needs at least one dimension") }
        _ = try checkedCount(shape, of: "the input")
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
    }

    /// Integers of one sample: each real divided by the scale in Float32, rounded half to even and clamped to
    /// the box (QuantizeLinear of the ONNX specification, less the zero point). Infinities clamp.
    ///
    /// - Parameter sample: `count` reals, row-major.
    /// - Throws: `NetworkError.wrongCount`, or `.notANumber` for a NaN.
    public func quantize(_ sample: [Float]) throws(NetworkError) -> [Int] {
        guard sample.count == count else {
            throw .wrongCount(of: "the sample", expected: count, found: sample.count)
        }
        let low = Float(range.lowerBound)
        let high = Float(range.upperBound)
        var integers: [Int] = []
        integers.reserveCapacity(sample.count)
        for (index, value) in sample.enumerated() {
            guard !value.isNaN else { throw .notANumber(index: index) }
            let rounded = (value / scale).rounded(.toNearestOrEven)
            integers.append(Int(min(max(rounded, low), high)))
        }
        return integers
    }
}
