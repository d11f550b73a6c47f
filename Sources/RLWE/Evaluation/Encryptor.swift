import CKernels
import Ring

/// Encrypts slots under a secret key. Client side only. Constant time in the slots and the key.
public struct Encryptor: Sendable {
    private let secretKey: SecretKey
    private var context: RLWEContext { secretKey.context }

    public init(secretKey: SecretKey) { self.secretKey = secretKey }

    /// A fresh seeded ciphertext: c_1 uniform from a new public seed, c_0 = round(Q m / pi) + e - c_1 s.
    ///
    /// - Parameters:
    ///   - slots: a value in [0, t) for each.
    ///   - plaintextIndex: which t_i.
    ///   - level: how many moduli it has; all by default.
    public func encrypt(
        slots: [UInt64], plaintextIndex: Int, level: Int? = nil
    ) -> Ciphertext {
        let level = level ?? context.maximumLevel
        let basis = context.basis(level: level)
        let seed = Seed.random()
        var errors = Keystream()
        let plaintext = context.plaintexts[plaintextIndex]
        // pi times message and error is small: one transform, then the division by pi.
        let small = Samplers.error(degree: context.degree, from: &errors)
            .multiplied(by: plaintext.ideal)
        let scaled = context.scaled(slots, plaintextIndex: plaintextIndex, level: level)
        for i in 0..<small.count { small.base[i] &+= scaled[i] }
        var c0 = small.polynomial(basis: basis).forwardNTT()
        c0.multiply(byPrefixOf: plaintext.inverse)
        let c1: Polynomial<NTTValues> = Samplers.uniform(basis: basis, seed: seed, stream: 0)
        var mask = secretKey.values(level: level)
        mask *= c1
        c0 -= mask
        return Ciphertext(
            polynomials: [c0.asPublic(), c1], plaintextIndex: plaintextIndex, seed: seed)
    }
}

extension SecretCoefficients {
    /// Times pi, modulo 2^64. Constant time.
    package func multiplied(by plaintext: PlaintextModulus) -> SecretCoefficients {
        let out = SecretCoefficients(count: count)
        plaintext.generator.withUnsafeBufferPointer {
            bsk_multiply_ideal(
                out.base, base, $0.baseAddress!, $0.count, count / plaintext.index)
        }
        return out
    }
}
