// SPDX-License-Identifier: Apache-2.0

/// How a polynomial was found that stands for an activation.
package enum FitMethod: String, Sendable, CaseIterable {
    /// The activation is that polynomial.
    case exact
    /// Least mean square of the error under the measured distribution.
    case leastSquares
    /// Truncated Chebyshev series over the range.
    case chebyshev
    /// Least greatest error over the range.
    case minimax
}
