// SPDX-License-Identifier: Apache-2.0

import BigIntegers

/// Quotients by pi to 63 bits: how likely each of the two representatives of a weight next to zero is to be drawn, for
/// the mean of w / pi to be zero.
package struct Fractions {
    private let prime: UInt64
    private let adjoint: [Int64]

    package init(_ modulus: PlaintextModulus) {
        prime = modulus.prime
        // Below t / 2, as parameters demand of what they divide by.
        adjoint = modulus.adjoint.map { Int64(exactly: $0)! }
    }

    /// y 2^63 for each coefficient y of w / pi, rounded towards zero.
    ///
    /// w / pi is w times the other conjugates, a polynomial in X^(N/k), over t. Computed modulo 2^64, exact: its
    /// coefficients stay within t (1/2 + 2^-13).
    ///
    /// - Parameter weights: reduced modulo pi, `count` coefficients.
    package func thresholds(of weights: UnsafePointer<Int64>, count: Int) -> [Int64] {
        let k = adjoint.count
        let period = count / k
        return (0..<count).map { place in
            let (i, j) = place.quotientAndRemainder(dividingBy: period)
            var numerator: Int64 = 0
            for l in 0..<k {
                let factor = weights[l * period + j]
                numerator =
                    i >= l
                    ? numerator &+ factor &* adjoint[i - l]
                    : numerator &- factor &* adjoint[i - l + k]
            }
            let magnitude = numerator.magnitude
            precondition(magnitude < prime, "a weight that is not reduced")
            let quotient = Int64(
                prime.dividingFullWidth((magnitude >> 1, magnitude << 63)).quotient)
            return numerator < 0 ? -quotient : quotient
        }
    }
}
