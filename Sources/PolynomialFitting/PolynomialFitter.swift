// SPDX-License-Identifier: Apache-2.0

/// Polynomials in place of activations.
package enum PolynomialFitter {
    /// The share of the uniform distribution over the range that least squares adds to the measured one, so that tails
    /// aren't left to chance: the RMS error over the range is at most about 1 / sqrt(share) = 32 times the error that
    /// least squares has under the mixture.
    ///
    /// Nothing is added where a polynomial of the degree goes through all values that the distribution has.
    package static let uniformShare = 0.001
    /// By which part a degree must lower the RMS error of lower ones to be worth its multiplications.
    package static let leastGain = 0.05
    /// Errors below this part of the output deviation are rounding errors.
    private static let rounding = 1e-9

    /// One fit. leastSquares: under the measured distribution, with a small uniform admixture so that tails aren't
    /// left to chance; chebyshev: truncated Chebyshev series of f on the range; minimax: Remez exchange; exact: for an
    /// f that is a polynomial of at most this degree, which is recovered.
    ///
    /// The polynomial's degree is lower than asked for if leading coefficients come out as rounding errors. A function
    /// that is not finite on the range gives the polynomial 0 with infinite errors.
    ///
    /// - Parameter degree: 0 and up; less counts as 0.
    package static func fit(
        _ f: (Double) -> Double, over histogram: ActivationHistogram, degree: Int, method: FitMethod
    ) -> ActivationFit {
        fit(SampledActivation(f, over: histogram), degree: max(0, degree), method: method)
    }

    /// The fit of an activation that is a polynomial already.
    package static func exact(
        _ polynomial: RealPolynomial, over histogram: ActivationHistogram
    ) -> ActivationFit {
        SampledActivation({ polynomial($0) }, over: histogram).fit(polynomial, method: .exact)
    }

    /// Best fit of each degree among the three methods by RMS error under the distribution (ties: lower maximum error),
    /// ascending in degree and descending in RMS error.
    ///
    /// A degree that lowers the error by less than `leastGain` is left out, as every other one is of an activation that
    /// is even or odd about the middle of its inputs. Where the lowest degree asked for is left out, the fit of the
    /// lower degree stands in for it: a linear function has one fit, of degree 1. None if the function isn't finite on
    /// the range.
    package static func candidates(
        _ f: (Double) -> Double, over histogram: ActivationHistogram,
        degrees: ClosedRange<Int> = 2...7
    ) -> [ActivationFit] {
        let samples = SampledActivation(f, over: histogram)
        guard samples.isFinite, degrees.upperBound >= 0 else { return [] }
        let negligible = rounding * samples.deviation
        var worthwhile: [ActivationFit] = []
        for degree in 0...degrees.upperBound {
            let best = best(of: samples, degree: degree, negligible: negligible)
            guard best.rootMeanSquareError.isFinite else { continue }
            if let error = worthwhile.last?.rootMeanSquareError {
                guard best.rootMeanSquareError < (1 - leastGain) * error,
                    best.rootMeanSquareError < error - negligible
                else { continue }
            }
            worthwhile.append(best)
        }
        let first = worthwhile.lastIndex { $0.polynomial.degree <= degrees.lowerBound }
        return Array(worthwhile[(first ?? 0)...])
    }

    private static func best(
        of samples: SampledActivation, degree: Int, negligible: Double
    ) -> ActivationFit {
        let methods: [FitMethod] = [.leastSquares, .chebyshev, .minimax]
        let fits = methods.map { fit(samples, degree: degree, method: $0) }
        let least = fits.map(\.rootMeanSquareError).min()!
        let tied = fits.filter { $0.rootMeanSquareError <= least * (1 + rounding) + negligible }
        return tied.min { $0.maximumError < $1.maximumError } ?? fits[0]
    }

    private static func leastSquares(
        _ samples: SampledActivation, degree: Int
    ) -> ChebyshevSeries {
        let points = samples.points ?? .max
        let share = degree >= points - 1 ? 0 : uniformShare
        return OrthogonalPolynomials.leastSquares(
            nodes: samples.nodes, values: samples.nodeValues,
            weights: zip(samples.measured, samples.uniform).map {
                (1 - share) * $0 + share * $1
            }, degree: min(degree, points - 1))
    }

    private static func fit(
        _ samples: SampledActivation, degree: Int, method: FitMethod
    ) -> ActivationFit {
        guard samples.isFinite else { return samples.noFit(method: method) }
        let series =
            switch method {
            case .exact, .chebyshev: ChebyshevSeries(of: samples, degree: degree)
            case .minimax: RemezExchange(samples: samples, degree: degree).solve()
            case .leastSquares: leastSquares(samples, degree: degree)
            }
        let polynomial = series.cleaned.monomials(center: samples.center, radius: samples.radius)
        return samples.fit(polynomial, method: method)
    }
}
