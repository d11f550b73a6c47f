import PolynomialFitting

/// What a quantization did to a model: plain data, for others to render.
public struct QuantizationReport: Sendable {
    /// An affine map of the network.
    public struct Layer: Sendable, Equatable {
        public let name: String
        /// Such as "convolution" or "affine map of 2 values".
        public let kind: String
        /// Of its weights, signed; nil for a diagonal map that costs nothing.
        public let bits: Int?
        /// Weights other than zero of its matrix.
        public let entries: Int
        /// ONNX nodes that were folded into it.
        public let folded: [String]
        /// Root of the mean square error by the deviation of the float model there, on the calibration samples: of the polynomial
        /// network, and what integers add.
        public let polynomialError: Double
        public let integerError: Double
    }

    /// An activation and what stands in for it.
    public struct Activation: Sendable {
        public let name: String
        /// Such as "sigmoid(x)".
        public let function: String
        package let expression: ScalarExpression?
        package let chosen: ActivationFit
        package let candidates: [ActivationFit]
        package let histogram: ActivationHistogram
        /// What takes its place: one polynomial, or one a channel.
        package let polynomials: ChannelPolynomials
        public let degree: Int
        /// Products one after another.
        public let depth: Int
        /// Products.
        public let products: Int

        /// Root of the mean square error of the polynomial under the measured distribution, by the deviation of the function's values.
        public var fitError: Double { chosen.relativeError }

        /// An SVG of the function and its polynomial over the histogram of inputs; nil for a product that is an exact polynomial.
        public var plot: String? {
            guard let expression else { return nil }
            return ActivationPlot(
                title: "\(name): \(function)", function: { expression($0) }, histogram: histogram,
                fit: chosen
            ).svg
        }
    }

    public let layers: [Layer]
    public let activations: [Activation]
    /// What other nodes took in.
    public let folded: [String]
    /// Activations, and by what they were replaced.
    public let replaced: [String]
    /// What isn't computed encrypted.
    public let dropped: [String]
    /// On the calibration samples: the accuracy of the float model, of its polynomials and of its integers, against the float model.
    public let float: Fidelity
    public let polynomial: Fidelity
    public let integer: Fidelity
    /// Networks that were tried and that no other was better than, by ascending range.
    public let frontier: [FrontierPoint]
    public let inputBits: Int
    /// The box of input integers.
    public let inputRange: ClosedRange<Int>
    /// log2 of the outputs' range by interval arithmetic, and of what the calibration samples need.
    public let rangeBits: Double
    public let observedBits: Double
    /// Samples measured on.
    public let samples: Int
}
