// SPDX-License-Identifier: Apache-2.0

import PolynomialFitting

/// What a quantization did to a model: plain data, for others to render.
package struct QuantizationReport: Sendable {
    /// An affine map of the network.
    package struct Layer: Sendable, Equatable {
        package let name: String
        /// Such as "convolution" or "affine map of 2 values".
        package let kind: String
        /// Of its weights, signed; nil for a diagonal map that costs nothing.
        package let bits: Int?
        /// Weights other than zero of its matrix.
        package let entries: Int
        /// ONNX nodes that were folded into it.
        package let folded: [String]
        /// Root of the mean square error by the deviation of the float model there, on the calibration samples: of the
        /// polynomial network, and what integers add.
        package let polynomialError: Double
        package let integerError: Double
    }

    /// An activation and what stands in for it.
    package struct Activation: Sendable {
        package let name: String
        /// Such as "sigmoid(x)".
        package let function: String
        package let expression: ScalarExpression?
        package let chosen: ActivationFit
        package let candidates: [ActivationFit]
        package let histogram: ActivationHistogram
        /// What takes its place: one polynomial, or one a channel.
        package let polynomials: ChannelPolynomials
        package let degree: Int
        /// Products one after another.
        package let depth: Int
        /// Products.
        package let products: Int

        /// Root of the mean square error of the polynomial under the measured distribution, by the deviation of the
        /// function's values.
        package var fitError: Double { chosen.relativeError }

        /// An SVG of the function and its polynomial over the histogram of inputs; nil for a product that is an exact
        /// polynomial.
        package var plot: String? {
            guard let expression else { return nil }
            return ActivationPlot(
                title: "\(name): \(function)", function: { expression($0) }, histogram: histogram,
                fit: chosen
            ).svg
        }
    }

    package let layers: [Layer]
    package let activations: [Activation]
    /// What other nodes took in.
    package let folded: [String]
    /// Activations, and by what they were replaced.
    package let replaced: [String]
    /// What isn't computed encrypted.
    package private(set) var dropped: [String]
    /// On the calibration samples: the accuracy of the float model, of its polynomials and of its integers, against the
    /// float model.
    package let float: Fidelity
    package let polynomial: Fidelity
    package let integer: Fidelity
    /// Networks that were tried and that no other was better than, by ascending range.
    package let frontier: [FrontierPoint]
    package let inputBits: Int
    /// The box of input integers.
    package let inputRange: ClosedRange<Int>
    /// log2 of the outputs' range by interval arithmetic, and of what the calibration samples need.
    package let rangeBits: Double
    package let observedBits: Double
    /// Samples measured on.
    package let samples: Int
    /// Whether the model decides for a class; else it predicts quantities.
    package let decides: Bool
    /// Whether the client is shown scores, and not only what is decided by them.
    package let showsScores: Bool
    /// What the quantity with the largest error is called, in words; nil where there are no quantities.
    package let worstQuantity: String?

    /// With what the client does first.
    package func with(clients: [String]) -> QuantizationReport {
        var report = self
        report.dropped = clients + dropped
        return report
    }
}
