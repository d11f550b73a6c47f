// SPDX-License-Identifier: Apache-2.0

import Ring

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// What the noise of a reply tells of the server's weights to who holds the key, in the phase v = c_0 + c_1 s.
///
/// v is E + D + (a function of the outputs), E with mean zero whatever the weights are, given all that the client
/// knows, and D anything. docs/FunctionPrivacy.md has the proofs.
package struct NoiseExposure: Sendable, Equatable {
    /// Of E: a bound on the Frobenius norm of its covariance.
    package var covariance: Double
    /// A bound on the mean of |E|_2 cubed.
    package var cube: Double
    /// A bound on |D|_2.
    package var direct: Double

    package init(covariance: Double = 0, cube: Double = 0, direct: Double) {
        self.covariance = covariance
        self.cube = cube
        self.direct = direct
    }

    /// With more that is not of mean zero.
    package func adding(_ more: Double) -> NoiseExposure {
        var out = self
        out.direct += more
        return out
    }

    /// Holds for either.
    package func worst(with other: NoiseExposure) -> NoiseExposure {
        NoiseExposure(
            covariance: max(covariance, other.covariance), cube: max(cube, other.cube),
            direct: max(direct, other.direct))
    }

    /// With more of mean zero, given the rest: covariances add, and the roots of cubes (Minkowski).
    package func adding(drawn more: NoiseExposure) -> NoiseExposure {
        NoiseExposure(
            covariance: covariance + more.covariance,
            cube: pow(pow(cube, 1.0 / 3) + pow(more.cube, 1.0 / 3), 3),
            direct: direct + more.direct)
    }
}

/// Noise that a server adds to c_0 of a reply, so that what depends on its weights drowns in it: in each coefficient the
/// sum of eight integers, each uniform on 2^bits of them in a row, or on multiples of a power of two among these, centered,
/// over `divisor`.
package struct Flood: Sendable, Hashable {
    package let bits: Int
    /// 1; or P, for a flood of fractions: it is added modulo Q_l P, before the division by P.
    package let divisor: UInt64

    package static let mostBits = FloodCoefficients.mostBits
    static let summands = 8.0

    /// - Precondition: 1 <= bits <= `mostBits`.
    package init(bits: Int, over divisor: UInt64 = 1) {
        precondition((1...Self.mostBits).contains(bits) && divisor > 0)
        self.bits = bits
        self.divisor = divisor
    }

    /// Whether it has fractions, in which the division's rounding drowns too.
    package var hasFractions: Bool { divisor > 1 }

    /// Of the sum of eight reals that the analysis is of.
    package var deviation: Double { (Self.summands / 12).squareRoot() * unit }

    /// No coefficient exceeds it.
    package var largest: Double { Self.summands / 2 * unit }

    /// The width of a summand.
    private var unit: Double { exp2(Double(bits)) / Double(divisor) }

    /// At most how far, in total variation, the phase is from what a simulator draws that knows the outputs alone.
    package func distance(_ exposure: NoiseExposure, degree: Int) -> Double {
        let sigma = deviation
        let simulated: Double =
            Self.second * exposure.covariance / (sigma * sigma)
            + Self.third * exposure.cube / (sigma * sigma * sigma)
            + Self.first * exposure.direct / sigma
        return simulated + Double(degree)
            * Self.rounding(bits: bits, highBits: FloodCoefficients.highBits(of: bits))
    }

    /// At most how far the sum of eight integers is from the floor of the sum of eight reals: 2^-bits, and where six of them
    /// have only the upper `highBits`, half of their square more.
    package static func rounding(bits: Int, highBits: Int) -> Double {
        exp2(-Double(bits)) + (highBits < bits ? exp2(-2 * Double(highBits) - 1) : 0)
    }

    /// The smallest with a distance of at most `bound`; nil where none has.
    package static func smallest(
        hiding exposure: NoiseExposure, degree: Int, within bound: Double, over divisor: UInt64 = 1
    ) -> Flood? {
        (1...mostBits).lazy.map { Flood(bits: $0, over: divisor) }
            .first { $0.distance(exposure, degree: degree) <= bound }
    }

    // Of the density f of eight uniforms, with I, J, K the means of (f'/f)^2, (f''/f)^2, (f'''/f)^2 at deviation 1:
    // sqrt(I)/2, max(sqrt(2) I, sqrt(J))/4, sqrt(max(K, 3 J I, 6 I^3))/12, rounded up.
    package static let first = 0.502
    package static let second = 0.378
    package static let third = 0.265
}
