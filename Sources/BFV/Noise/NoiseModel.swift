// SPDX-License-Identifier: Apache-2.0

import BigIntegers
import Lattice

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Bounds on the phase noise nu = pi v mod Q, centered, of each operation. docs/Noise.md derives them.
///
/// Where t stands in the formulas below, plaintext moduli of index k > 1 have |pi|, their largest embedding.
///
/// "Worst case" holds always. The rest holds with probability at least 1 - 2^-148 an event, so that 2^20
/// events stay under 2^-128. Rounding errors and digits of ciphertexts are taken as uniform and independent of
/// the secret: rigorous for fresh c_1, a heuristic once ciphertexts were multiplied.
package struct NoiseModel: Sendable {
    package let degree: Int
    /// |pi|, the largest embedding of the plaintext modulus: t for k = 1. A little more, since messages are
    /// reduced with rounded quotients.
    package let plaintextModulus: Double
    /// sum |c_i| of pi's coefficients.
    let coefficientSum: Double
    /// The 2-norm of pi's coefficients.
    let coefficientNorm: Double
    /// min |pi(zeta)|.
    let smallestEmbedding: Double
    let index: Int
    let n: Double
    private let secret: SecretBounds

    /// log2 of the allowed failure probability of one event.
    static let failureBits = 148.0
    static let errorVariance = 10.5
    /// How much a net of 32 directions can underestimate a magnitude.
    static let net = cos(Double.pi / 32)

    package init(degree: Int, plaintext: PlaintextModulus) {
        self.degree = degree
        plaintextModulus = plaintext.largestEmbedding * (1 + 0x1p-12)
        coefficientSum = plaintext.coefficientSum
        coefficientNorm = plaintext.coefficientNorm
        smallestEmbedding = plaintext.smallestEmbedding
        index = plaintext.index
        n = Double(degree)
        secret = SecretBounds(degree: degree)
        let exponent: Double = (Self.failureBits + log2(n / 2) + 5) * M_LN2
        tail = exponent.squareRoot() / Self.net
        unitNorm = Self.quadratic(trace: n, squares: n, largest: 1).squareRoot()
    }

    /// k such that a polynomial with independent subgaussian coefficients of variance proxy v stays under
    /// k sqrt(N v) at all embeddings. A net of 32 directions turns a complex tail into real ones:
    /// P(|X| > x) <= 32 exp(-x^2 cos^2(pi/32) / (N v)); then a union over N/2 embeddings.
    let tail: Double

    /// Bound on a quadratic form sum over zeta of lambda |x(zeta)|^2 / N in independent coefficients x of proxy 1:
    /// trace + 2 sqrt(trace of squares * u) + 2 * largest * u, with probability 1 - exp(-u)
    /// (Hsu, Kakade and Zhang, 2012).
    func quadratic(trace: Double, squares: Double, largest: Double) -> Double {
        Self.quadratic(trace: trace, squares: squares, largest: largest)
    }

    private static func quadratic(trace: Double, squares: Double, largest: Double) -> Double {
        let u = failureBits * M_LN2
        return trace + 2 * (squares * u).squareRoot() + 2 * largest * u
    }

    /// 2-norm of a polynomial with independent coefficients of proxy 1.
    let unitNorm: Double

    /// Fresh, symmetric: nu = -r + t e, |r_j| <= t/2 (worst case), e centered binomial. The part of r is within
    /// what Cauchy-Schwarz gives for any linear map, so the sum behaves as a linear component.
    package var fresh: NoiseBound {
        let deviation = Self.errorVariance.squareRoot()
        let largest: Double = tail * deviation * n.squareRoot() + n / 2
        let rms: Double = deviation * unitNorm + n.squareRoot() / 2
        return NoiseBound([component(mean: rms, rms: rms, largest: largest, isLinear: true)])
    }

    /// As `fresh`, for sums over many ciphertexts. With index 1, r is rounded at random: given the message, each r_j is
    /// one of two values t apart with mean 0, so of variance proxy t^2 / 4 (Hoeffding), and independent. Otherwise
    /// nothing makes r independent between ciphertexts, and it stands apart from t e.
    package var freshFeature: NoiseBound {
        guard index > 1 else {
            let deviation = (Self.errorVariance + 0.25).squareRoot()
            let rms: Double = deviation * unitNorm
            return NoiseBound([
                component(
                    mean: rms, rms: rms, largest: tail * deviation * n.squareRoot(),
                    isLinear: true)
            ])
        }
        let deviation = Self.errorVariance.squareRoot()
        let rms: Double = deviation * unitNorm
        return NoiseBound([
            component(
                mean: rms, rms: rms, largest: tail * deviation * n.squareRoot(), isLinear: true),
            component(
                mean: n.squareRoot() / 2, rms: n.squareRoot() / 2, largest: n / 2,
                isLinear: false),
        ])
    }

    /// Worst case: a constant that all slots share brings -r, a polynomial in X^(N/k) with k coefficients: of pi times
    /// |r_i / pi| <= 1/2 each, so at most pi k/2 at an embedding.
    package func addingSharedConstant(_ noise: NoiseBound) -> NoiseBound {
        let size = Double(index) / 2
        return noise.adding(component(mean: size, rms: size, largest: size, isLinear: false))
    }

    /// Fresh, under a public key (b, a) with b + a s = e: v = c_0 + c_1 s = round(Q m / t) + e u + e_0 + e_1 s, so
    /// nu = -r + t (e_0 + e_1 s + e u). The first two are `fresh`; e_1 s is linear in e_1, s as key generation keeps
    /// it; e u is linear in u, given e.
    ///
    /// e, of the key, stays under tail sqrt(10.5 N) at every embedding and under sqrt(10.5) unitNorm in its
    /// 2-norm. u is uniform ternary, of proxy 2/3: E exp(a u) = (1 + 2 cosh a) / 3 has at a^(2i) the coefficient
    /// (2/3) / (2i)!, at most the 1 / (3^i i!) of exp(a^2 / 3).
    package var freshPublic: NoiseBound {
        NoiseBound.sum([fresh, NoiseBound(maskedZero)])
    }

    /// e_1 s and e u of an encryption of zero under a public key: see `freshPublic`.
    var maskedZero: [NoiseComponent] {
        let ofC1 = timesSecret(over: 1 / Self.errorVariance)
        let proxy = 2.0 / 3
        let deviation = Self.errorVariance.squareRoot()
        let peak: Double = tail * deviation * n.squareRoot()
        let norm: Double = deviation * unitNorm
        let trace: Double = n * norm * norm
        let squared: Double =
            quadratic(trace: trace, squares: peak * peak * trace, largest: peak * peak) * proxy
        let ofKey = component(
            mean: norm * unitNorm * proxy.squareRoot(), rms: squared.squareRoot(),
            largest: tail * (n * proxy).squareRoot() * peak, isLinear: true)
        return [ofC1, ofKey]
    }

    /// An added encryption of zero, made modulo Q P and divided by P: nu = t (e u + e_0 + e_1 s) / P, and what a division
    /// by P adds.
    package func rerandomized(_ noise: NoiseBound, special: BigInt) -> NoiseBound {
        let deviation = Self.errorVariance.squareRoot()
        let ofC0 = component(
            mean: deviation * unitNorm, rms: deviation * unitNorm,
            largest: tail * deviation * n.squareRoot(), isLinear: true)
        let zero = NoiseBound(maskedZero + [ofC0]).scaled(by: 1 / special.doubleTowardZero)
        return divided(NoiseBound.sum([noise, zero]))
    }

    /// t x s for a polynomial x with independent coefficients of proxy 1 / `divisor`.
    private func timesSecret(over divisor: Double) -> NoiseComponent {
        let largest: Double = tail * (n / divisor).squareRoot() * secret.largest
        let trace = n * secret.squaredNorm
        let peak = secret.largest * secret.largest
        let squared: Double =
            quadratic(trace: trace, squares: peak * trace, largest: peak) / divisor
        let mean: Double = unitNorm / divisor.squareRoot() * secret.squaredNorm.squareRoot()
        return component(
            mean: mean, rms: squared.squareRoot(), largest: largest, isLinear: true)
    }

    /// What rounding c_1 to integers adds to t v: t tau s, |tau_j| <= 1/2 uniform.
    private var roundingOfC1: NoiseComponent { timesSecret(over: 12) }

    /// What rounding c_0 and c_1 adds: t (tau_0 + tau_1 s).
    package var rounding: NoiseComponent {
        let deviation = (1.0 / 12).squareRoot()
        let ofC0 = NoiseNorms(
            mean: deviation * unitNorm, rootMeanSquare: deviation * unitNorm,
            largest: tail * deviation * n.squareRoot())
        return NoiseComponent(
            ofC0 * plaintextModulus + roundingOfC1.norms, isLinear: true)
    }

    /// Modulus switching by a dropped prime.
    package func switched(_ noise: NoiseBound, droppedModulus q: UInt64) -> NoiseBound {
        noise.scaled(by: 1 / Double(q)).adding(rounding)
    }

    /// Worst case: nu = nu_a nu_b.
    package func product(_ a: NoiseBound, _ b: NoiseBound) -> NoiseBound {
        NoiseBound([NoiseComponent(a.norms * b.norms)])
    }

    /// Worst case: nu = nu_a + nu_b.
    package func sum(_ a: NoiseBound, _ b: NoiseBound) -> NoiseBound {
        NoiseBound([NoiseComponent(a.norms + b.norms)])
    }

    /// Worst case: an added constant brings -r with |r_j| <= t/2.
    package func addingConstant(_ noise: NoiseBound) -> NoiseBound {
        noise.adding(
            component(
                mean: n.squareRoot() / 2, rms: n.squareRoot() / 2, largest: n / 2,
                isLinear: false))
    }

    /// A product with an encoding of slots drawn uniformly, which nothing else depends on: pi r, where r has N/k
    /// independent blocks of k coefficients in [-1/2, 1/2) and so contributions of at most k/2 each, of proxy k^2/4
    /// (Hoeffding); never more than N/2. t r is an integer and t odd, so none is -1/2 and the mean of r is 0.
    package var uniformPlaintext: TransformGain {
        plaintext(size: min(n / 2, tail * (n * Double(index)).squareRoot() / 2))
    }

    /// Worst case: a product with an encoding of any slots, pi r with |r_j| <= 1/2, whose other coefficients than those
    /// of multiples of `spacing` are zero.
    package func anyPlaintext(spacing: Int) -> TransformGain {
        plaintext(size: n / Double(2 * spacing))
    }

    /// - Parameter size: of r, at an embedding.
    private func plaintext(size: Double) -> TransformGain {
        let largest = plaintextModulus * size
        return TransformGain(
            elements: [1], sum: largest, energy: largest * largest, largest: largest)
    }

    /// A sum of linear maps of ciphertexts, by hoisted babies and giants; `babies` and `giants` are what one key switch
    /// adds, zero where there is none.
    package func mapped(
        _ inputs: [(noise: NoiseBound, gain: TransformGain)], babies: NoiseNorms,
        giants: NoiseNorms, giantCount: Int
    ) -> NoiseBound {
        var out = NoiseBound.sum(inputs.map { $0.noise.mapped(by: $0.gain, degree: degree) })
        if babies.largest > 0 {
            // Every baby has errors of its own.
            for (_, gain) in inputs {
                out = out.adding(
                    NoiseComponent.independent(babies).mapped(by: gain, degree: degree))
            }
        }
        return giantCount > 0
            ? NoiseBound.sum([out, giantSwitches(giants, count: giantCount)]) : out
    }

    /// What the giants' key switches add, with the division before each.
    private func giantSwitches(_ giants: NoiseNorms, count: Int) -> NoiseBound {
        NoiseBound([
            NoiseComponent(giants * Double(count)),
            NoiseComponent(roundingOfC1.norms * Double(count)),
        ])
    }

    /// What a map adds to sums of its babies: its giants' key switches, and the last divisions.
    package func switchedMap(giants: NoiseNorms, giantCount: Int) -> NoiseBound {
        giantCount > 0
            ? giantSwitches(giants, count: giantCount).adding(rounding) : NoiseBound([rounding])
    }

    /// x + sum of sigma_k(x), of a fold's elements k (1 included): each switch has errors of its own.
    package func folded(
        _ noise: NoiseBound, by fold: TransformGain, switching: NoiseNorms
    ) -> NoiseBound {
        noise.mapped(by: fold, degree: degree)
            .adding(NoiseComponent(switching * Double(fold.elements.count - 1)))
            .adding(rounding)
    }

    /// Adds key-switching noise and a division's rounding.
    package func switchedKey(_ noise: NoiseBound, switching: NoiseNorms) -> NoiseBound {
        noise.adding(NoiseComponent(switching)).adding(rounding)
    }

    package func divided(_ noise: NoiseBound) -> NoiseBound { noise.adding(rounding) }

    /// What a key switch adds before the division's own rounding: t sum_j d_j e_j / P, the digits d_j
    /// uniform of width `gadget`, the e_j centered binomial. Given the digits it is linear in the errors.
    ///
    /// All digits of a residue but the top one lie in [-B/2, B/2): their mean of -1/2 makes an offset of at most
    /// 1 / (2 sin(pi / 2N)), about N / pi, at an embedding, and of sqrt(N) / 2 in the 2-norm.
    package func keySwitching(
        gadget: Gadget, moduli: ArraySlice<UInt64>, special: BigInt
    ) -> NoiseNorms {
        var variance = 0.0
        var shifted = 0.0
        let first = moduli.startIndex
        let slices = gadget.digits(bits: moduli.map(\.bitWidthUsed))
        // Digits of hundreds of bits are taken in a unit of the largest one's size, so that fourth powers are numbers. At
        // few moduli that is less than the gadget's.
        let widest = slices.map { slice in
            slice.limbs.reduce(0) { $0 + moduli[first + $1].bitWidthUsed }
        }.max()!
        let unit = exp2(Double(max(0, widest - 100)))
        for slice in slices {
            let q = moduli[first + slice.limbs.lowerBound]
            let bits = q.bitWidthUsed
            let isWhole = gadget.digitCount(modulusBits: bits) == 1
            // Half a unit more for the top digit, which takes what remains.
            let size =
                isWhole
                ? slice.limbs.reduce(1) { $0 * Double(moduli[first + $1]) }
                : exp2(Double(gadget.digitWidth(modulusBits: bits))) + 1
            variance += (size / unit) * (size / unit) / 12
            shifted += slice.digit > 0 ? 1 / (unit * unit) : 0
        }
        // Norms over all digits together: of their random part, then of their offsets.
        let largest: Double =
            tail * (n * variance).squareRoot() + shifted.squareRoot()
            / (2 * sin(.pi / (2 * n)))
        let norm: Double = unitNorm * variance.squareRoot() + (n * shifted).squareRoot() / 2
        let trace = n * norm * norm
        let peak = largest * largest
        let rms = quadratic(trace: trace, squares: peak * trace, largest: peak).squareRoot()
        let factor: Double =
            plaintextModulus * Self.errorVariance.squareRoot()
            / (special.doubleTowardZero / unit)
        return NoiseNorms(
            mean: rms, rootMeanSquare: rms, largest: tail * n.squareRoot() * largest) * factor
    }

    /// The largest coefficient of nu after a reply's c_0 and c_1 are cut to k_0 and k_1 bits, as nu relative
    /// to 2^k_1: noise 2^k_1 / q + t (2^(k_1 - k_0) / 2 + |tau_1 s|).
    package func compressed(
        _ noise: NoiseBound, modulus q: UInt64, c0Bits: Int, c1Bits: Int
    ) -> Double {
        let exponent: Double = (Self.failureBits + log2(n) + 1) * M_LN2
        // A coefficient of tau_1 s: variance proxy |s|^2 / 12.
        let cross: Double = (exponent * secret.squaredNorm / 6).squareRoot()
        let ofC0: Double = exp2(Double(c1Bits - c0Bits)) / 2
        let carried: Double = noise.coefficient * exp2(Double(c1Bits)) / Double(q)
        return NoiseNorms.up(carried + coefficientSum * ofC0 + plaintextModulus * cross)
    }

    func component(
        mean: Double, rms: Double, largest: Double, isLinear: Bool
    ) -> NoiseComponent {
        NoiseComponent(
            NoiseNorms(mean: mean, rootMeanSquare: rms, largest: largest) * plaintextModulus,
            isLinear: isLinear)
    }
}
