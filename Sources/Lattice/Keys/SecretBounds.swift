// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// What every secret key satisfies: key generation draws again otherwise (about one time in 50), which costs
/// under 0.03 bits of security.
package struct SecretBounds: Sendable {
    /// max |s(zeta)|.
    package let largest: Double
    /// |s|^2, the number of non-zero coefficients.
    package let squaredNorm: Double

    package init(degree: Int) {
        let n = Double(degree)
        // |s(zeta)|^2 / (2N/3) is close to exponential at each of N/2 embeddings.
        largest = ((log(n / 2) + log(100)) * 2 * n / 3).squareRoot()
        squaredNorm = min(n, 2 * n / 3 + 3 * (2 * n / 9).squareRoot())
    }

    package func hold(for coefficients: [Double]) -> Bool {
        let squared = coefficients.reduce(0) { $0 + $1 * $1 }
        return squared <= squaredNorm
            && CanonicalEmbedding.norm(of: coefficients) * (1 + 0x1p-30) <= largest
    }
}
