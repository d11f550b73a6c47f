import Foundation

/// Bounds on the phase noise nu in the canonical embedding norm: the largest |nu(zeta)| over the
/// complex 2N-th primitive roots zeta. It bounds every coefficient, is submultiplicative, and automorphisms don't
/// change it. Decryption at modulus q is correct while the bound is under q/2. docs/Noise.md derives each.
///
/// "Worst case" bounds hold always. The others hold with probability at least 1 - 2^-148 an event,
/// so that 2^20 of them together stay under 2^-128; they take rounding errors and digits of
/// ciphertexts as uniform (under the RLWE assumption they can't be told from it).
public struct NoiseModel: Sendable {
    public let degree: Int
    /// t.
    public let plaintextModulus: Double
    private let n: Double

    /// log2 of the allowed failure probability of one event.
    static let failureBits = 148.0
    static let errorDeviation = 10.5.squareRoot()

    public init(degree: Int, plaintextModulus: UInt64) {
        self.degree = degree
        self.plaintextModulus = Double(plaintextModulus)
        n = Double(degree)
    }

    /// Upwards, by more than the rounding errors of the few operations of any formula here.
    private func up(_ x: Double) -> Double { x * (1 + 0x1p-30) }

    /// k such that a polynomial with independent subgaussian coefficients of variance proxy v stays under
    /// k sqrt(N v) at all embeddings. A 32-direction net turns a complex tail into real ones:
    /// P(|X| > x) <= 32 exp(-x^2 cos^2(pi/32) / (N v)); then a union over N/2 embeddings.
    var tail: Double {
        let exponent = (Self.failureBits + log2(n / 2) + 5) * M_LN2
        return exponent.squareRoot() / cos(.pi / 32)
    }

    /// As `tail`, for the product of two independent such polynomials: |X Y| <= z N sqrt(v w).
    /// P(|X||Y| > z) is at most a sum over a grid of 2^7 splits, each 32^2 exp(-2 z cos^2).
    var productTail: Double {
        let exponent = (Self.failureBits + log2(n / 2) + 10 + 7) * M_LN2
        return exponent / (2 * cos(.pi / 32) * cos(.pi / 32)) * (1 + 1.0 / 64)
    }

    /// Fresh, symmetric: nu = -r + t e, |r_j| <= t/2 (worst case), e centered binomial.
    public var fresh: Double {
        up(plaintextModulus * (tail * Self.errorDeviation * n.squareRoot() + n / 2))
    }

    /// What rounding c_0 and c_1 to integers adds to t v: t (tau_0 + tau_1 s), |tau| <= 1/2 uniform,
    /// s uniform ternary.
    public var rounding: Double { up(plaintextModulus * (tail * (n / 12).squareRoot()) + roundingOfC1) }

    /// The part of `rounding` that c_1 makes.
    public var roundingOfC1: Double {
        up(plaintextModulus * productTail * n * (1.0 / 12 * 2 / 3).squareRoot())
    }

    /// Modulus switching by a dropped prime.
    public func switched(_ noise: Double, droppedModulus q: UInt64) -> Double {
        up(noise / Double(q) + rounding)
    }

    /// Worst case: nu = nu_a nu_b.
    public func product(_ a: Double, _ b: Double) -> Double { up(a * b) }

    /// Worst case: nu = nu_a + nu_b.
    public func sum(_ a: Double, _ b: Double) -> Double { up(a + b) }

    /// Worst case: an added constant brings -r with |r_j| <= t/2.
    public func addingConstant(_ a: Double) -> Double { up(a + plaintextModulus * n / 2) }

    /// What a key switch adds before the division's own rounding: t sum_j d_j e_j / P, the digits d_j
    /// uniform of width `gadget`, the e_j centered binomial; the smaller of two bounds.
    public func keySwitching(gadget: Gadget, moduli: ArraySlice<UInt64>, special: UInt64) -> Double {
        var sum = 0.0
        var squares = 0.0
        for q in moduli {
            let bits = 64 - q.leadingZeroBitCount
            let count = gadget.digitCount(modulusBits: bits)
            let size =
                count == 1 ? Double(q) : exp2(Double(gadget.digitWidth(modulusBits: bits)))
            sum += Double(count) * size / 12.0.squareRoot()
            squares += Double(count) * size * size / 12
        }
        // Digit by digit: each product has its own tail.
        let each = productTail * n * Self.errorDeviation * sum
        // Together: given the digits, the sum is linear in the errors.
        let joint = tail * tail * n * Self.errorDeviation * squares.squareRoot()
        return up(plaintextModulus * min(each, joint) / Double(special))
    }

    /// The largest coefficient of nu after a reply's c_0 and c_1 are cut to k_0 and k_1 bits, as nu relative
    /// to 2^k_1: noise 2^k_1 / q + t (2^(k_1 - k_0) / 2 + |tau_1 s|).
    public func compressed(
        _ noise: Double, modulus q: UInt64, c0Bits: Int, c1Bits: Int
    ) -> Double {
        let exponent = (Self.failureBits + log2(n) + 1) * M_LN2
        // A coefficient of tau_1 s: N terms, each at most |tau|, variance proxy 1/12 each, s any ternary.
        let cross = (2 * exponent * n / 12).squareRoot()
        return up(
            noise * exp2(Double(c1Bits)) / Double(q) + plaintextModulus
                * (exp2(Double(c1Bits - c0Bits)) / 2 + cross))
    }
}
