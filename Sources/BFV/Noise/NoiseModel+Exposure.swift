// SPDX-License-Identifier: Apache-2.0

import BigIntegers

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// A sum of ciphertexts of equal noise, times weights that are drawn anew.
package struct DrawnSum {
    let noise: NoiseNorms
    /// How many weights differ by t on average: sum of |w| / t.
    let mean: Double
    /// How many do at most.
    let most: Int
    let columns: Int

    package init(noise: NoiseNorms, mean: Double, most: Int, columns: Int) {
        self.noise = noise
        self.mean = mean
        self.most = most
        self.columns = columns
    }
}

/// What replies tell of weights, and what hides it. docs/FunctionPrivacy.md derives each line.
extension NoiseModel {
    /// A linear map whose weights are drawn anew, one of two values of mean zero a coefficient of w / pi: the noise, and
    /// what it tells.
    ///
    /// E is a sum of y_j v_j with independent y_j of mean 0 and proxy 1/4, and v_j the noise of one ciphertext times
    /// a power of X.
    ///
    /// - Parameter terms: the noise of the ciphertext that each weight polynomial multiplies.
    package func dithered(
        _ terms: some Sequence<NoiseNorms>
    ) -> (NoiseBound, NoiseExposure) {
        var (squares, peaks, products, sizes) = (0.0, 0.0, 0.0, 0.0)
        for term in terms {
            squares += term.rootMeanSquare * term.rootMeanSquare
            peaks += term.largest * term.largest
            products += term.rootMeanSquare * term.largest
            sizes += term.largest
        }
        let trace: Double = n * squares
        let squaredNorm: Double =
            quadratic(trace: trace, squares: trace * peaks, largest: peaks) / 4
        let noise = component(
            mean: squaredNorm.squareRoot(), rms: squaredNorm.squareRoot(),
            largest: tail * (n * peaks).squareRoot() / 2, isLinear: false)
        let exposure = NoiseExposure(
            covariance: n.squareRoot() * products / 4,
            cube: pow(3, 0.75) * pow(trace / 4, 1.5),
            // Fractions of w / pi are rounded to 2^-63.
            direct: n.squareRoot() * sizes * 0x1p-63)
        return (NoiseBound([noise]), exposure)
    }

    /// Sums of many ciphertexts whose integer weights w, below t, become w - t or w + t with probability |w| / t: what
    /// that adds to the noise, and what all of it tells of one sum's weights.
    ///
    /// E is a sum of (w - t B) nu / pi with independent B: of second moment at most t |w|, of fourth at most t^3 |w|.
    package func drawn(
        _ sums: [DrawnSum], modulus t: Double
    ) -> (noise: NoiseBound, exposure: NoiseExposure) {
        var (second, fourth, direct) = (0.0, 0.0, 0.0)
        for sum in sums {
            let norm = t * sum.noise.rootMeanSquare / smallestEmbedding
            second += sum.mean * norm * norm
            fourth += sum.mean * norm * norm * norm * norm
            // Probabilities are rounded to 2^-63.
            direct += Double(sum.columns) * norm * 0x1p-63
        }
        let cube = (second * (fourth + 3 * second * second)).squareRoot()
        return (
            NoiseBound(sums.map { NoiseComponent($0.noise * (t * Double($0.most))) }),
            NoiseExposure(covariance: second, cube: cube, direct: direct)
        )
    }

    /// Of a constant that all slots share: k coefficients of at most 1/2.
    package var exposureOfSharedConstant: Double { Double(index).squareRoot() / 2 }

    /// Of noise that no map was drawn anew for: all of it.
    package func exposure(ofAll noise: NoiseBound) -> NoiseExposure {
        NoiseExposure(direct: noise.norms.rootMeanSquare / smallestEmbedding)
    }

    /// Of noise that is pi times a polynomial, as what key switches and divisions add: that polynomial.
    package func exposure(of norms: NoiseNorms) -> Double {
        norms.rootMeanSquare / plaintextModulus
    }

    /// Of an added constant: its rounding, at most 1/2 a coefficient.
    package var exposureOfConstant: Double { n.squareRoot() / 2 }

    /// Of an added constant that is rounded at random: independent coefficients of mean zero, each one of two values a
    /// unit apart, as those of a term in `dithered` with the noise 1.
    package var exposureOfDitheredConstant: NoiseExposure {
        NoiseExposure(
            covariance: n.squareRoot() / 4, cube: pow(3, 0.75) * pow(n / 4, 1.5),
            // Probabilities are rounded to 2^-64.
            direct: n.squareRoot() * 0x1p-64)
    }

    /// A constant that is rounded at random: worst case, each coefficient is off by less than 1.
    package func addingDithered(_ noise: NoiseBound) -> NoiseBound {
        noise.adding(
            component(mean: n.squareRoot(), rms: n.squareRoot(), largest: n, isLinear: false))
    }

    /// Of an added encryption of zero: what its errors e u + e_0 + e_1 s change after the division by P. In fractions
    /// that is them over P; in integers, the division's rounding may go another way in each coefficient.
    ///
    /// - Parameter special: P.
    package func exposureOfZero(special: BigInt, hasFractions: Bool) -> Double {
        let deviation = Self.errorVariance.squareRoot() * unitNorm * plaintextModulus
        let errors = maskedZero.reduce(deviation) { $0 + $1.norms.rootMeanSquare }
        return errors / plaintextModulus / special.doubleTowardZero
            + (hasFractions ? 0 : n.squareRoot())
    }

    /// With a flood in c_0.
    package func flooded(_ noise: NoiseBound, by flood: Flood) -> NoiseBound {
        // A coefficient of pi f: at most sum |c_i| times the largest; or, of proxy |c|^2 sigma^2 but for a mean of -4, over
        // N coefficients and both signs.
        let exponent: Double = 2 * (Self.failureBits + log2(n) + 1) * M_LN2
        let coefficient = min(
            coefficientSum * flood.largest,
            exponent.squareRoot() * coefficientNorm * flood.deviation + 4 * coefficientSum)
        let largest: Double = flood.largest * plaintextModulus
        return noise.adding(
            NoiseComponent(
                NoiseNorms(
                    mean: largest * n.squareRoot(), rootMeanSquare: largest * n.squareRoot(),
                    largest: largest * n), coefficient: coefficient))
    }
}
