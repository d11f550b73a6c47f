// SPDX-License-Identifier: Apache-2.0

/// A polynomial in place of an activation, and how well it stands for it.
package struct ActivationFit: Sendable {
    package let polynomial: RealPolynomial
    package let method: FitMethod
    /// Where it was fitted.
    package let range: ClosedRange<Double>
    /// Under the measured distribution; infinite where there is no fit.
    package let rootMeanSquareError: Double
    /// On the range; infinite where there is no fit.
    package let maximumError: Double
    /// The standard deviation of the true function under the distribution: the RMS error divided by this is the
    /// relative error.
    package let outputDeviation: Double

    package init(
        polynomial: RealPolynomial, method: FitMethod, range: ClosedRange<Double>,
        rootMeanSquareError: Double, maximumError: Double, outputDeviation: Double
    ) {
        self.polynomial = polynomial
        self.method = method
        self.range = range
        self.rootMeanSquareError = rootMeanSquareError
        self.maximumError = maximumError
        self.outputDeviation = outputDeviation
    }

    /// RMS error by output deviation; the RMS error itself where the function is constant.
    package var relativeError: Double {
        outputDeviation > 0 ? rootMeanSquareError / outputDeviation : rootMeanSquareError
    }
}
