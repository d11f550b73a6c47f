import CKernels
import Ring

/// Encrypts slots under a secret key. Client side only. Constant time in the slots and the key.
public struct Encryptor: Sendable {
    private let secretKey: SecretKey
    private var context: RLWEContext { secretKey.context }

    public init(secretKey: SecretKey) { self.secretKey = secretKey }

    /// A fresh seeded ciphertext: c_1 uniform from a new public seed, c_0 = round(Q m / t) + e - c_1 s.
    /// - Parameters:
    ///   - slots: N values, each in [0, t).
    ///   - plaintextIndex: which t_i.
    ///   - level: how many moduli it has; all by default.
    public func encrypt(
        slots: [UInt64], plaintextIndex: Int, level: Int? = nil
    ) -> Ciphertext {
        let coefficients = context.plaintexts[plaintextIndex].encoder.encode(slots)
        return encrypt(coefficients: coefficients, plaintextIndex: plaintextIndex, level: level)
    }

    /// Encrypts a polynomial with coefficients in (-t/2, t/2).
    package func encrypt(
        coefficients: [Int64], plaintextIndex: Int, level: Int? = nil
    ) -> Ciphertext {
        let level = level ?? context.maximumLevel
        let basis = context.basis(level: level)
        let seed = Seed.random()
        var errors = Keystream()
        var sum = Samplers.error(degree: context.degree, from: &errors).polynomial(basis: basis)
        sum += context.scaled(coefficients, plaintextIndex: plaintextIndex, basis: basis)
        var c0 = sum.forwardNTT()
        let c1: Polynomial<NTTValues> = Samplers.uniform(basis: basis, seed: seed, stream: 0)
        var mask = secretKey.values(level: level)
        mask *= c1
        c0 -= mask
        return Ciphertext(
            polynomials: [c0.asPublic(), c1], plaintextIndex: plaintextIndex, seed: seed)
    }
}

extension RLWEContext {
    /// round(Q_l m / t) modulo Q_l, for m with coefficients in (-t/2, t/2).
    ///
    /// t round(Q m / t) = Q m - r with r = Q m mod t, centered. Modulo Q that is -r, so the result is
    /// -r / t, and -r = (-Q mod t) m mod t is small: no multi-word arithmetic.
    package func scaled(
        _ coefficients: [Int64], plaintextIndex: Int, basis: RNSBasis
    ) -> Polynomial<Coefficients> {
        let plaintext = plaintexts[plaintextIndex]
        let t = plaintext.table.modulus
        let n = degree
        let factor = plaintext.multiplicationFactor(level: basis.count)
        let words = LimbBuffer(count: n, isSecret: true)
        let small = SecretCoefficients(count: n)
        bsk_reduce_signed(t, words.base, coefficients, n)
        bsk_mul_scalar(t, words.base, words.base, factor, n)
        bsk_center(t, small.base, words.base, n)
        var out = small.polynomial(basis: basis)
        out.multiply(byScalars: Array(plaintext.inverse[..<basis.count]))
        return out
    }
}
