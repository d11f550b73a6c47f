// SPDX-License-Identifier: Apache-2.0

/// c_0 + c_1 x + ... over reals.
package struct RealPolynomial: Sendable, Equatable {
    /// The lowest first. Zeros at the end are allowed, and none at all stands for 0.
    package var coefficients: [Double]

    package init(coefficients: [Double]) { self.coefficients = coefficients }

    /// The highest power with a coefficient other than 0; 0 for constants.
    package var degree: Int { coefficients.lastIndex { $0 != 0 } ?? 0 }

    /// Horner's rule; rounding errors of the order of 2^-52 (|c_0| + |c_1 x| + ...).
    package func callAsFunction(_ x: Double) -> Double {
        coefficients.reversed().reduce(0) { $0 * x + $1 }
    }

    /// The polynomial of y with `self(y + offset)`, by repeated synthetic division.
    package func shifted(by offset: Double) -> RealPolynomial {
        var result = coefficients
        for first in result.indices.dropLast() {
            for k in (first..<result.count - 1).reversed() {
                result[k] += offset * result[k + 1]
            }
        }
        return RealPolynomial(coefficients: result)
    }
}
