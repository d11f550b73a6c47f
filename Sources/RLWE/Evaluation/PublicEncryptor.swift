import CKernels
import Ring

/// Encrypts slots under a public key, for those who don't hold the secret key. Constant time in the slots and in
/// what is drawn.
///
/// What it makes decrypts and computes like any other ciphertext, but starts with more noise
/// (`NoiseModel.freshPublic`) than plans are certified for, and has no seed: both its polynomials must be sent.
public struct PublicEncryptor: Sendable {
    private let key: PublicKey

    public init(publicKey: PublicKey) { key = publicKey }

    /// c = (b u + e_0 + round(Q m / pi), a u + e_1), u uniform ternary, e_i centered binomial, all fresh.
    ///
    /// - Parameters:
    ///   - slots: a value in [0, t) for each.
    ///   - plaintextIndex: which t_i.
    ///   - level: how many moduli it has, in 1...`maximumLevel`; all by default.
    public func encrypt(
        slots: [UInt64], plaintextIndex: Int, level: Int? = nil
    ) -> Ciphertext {
        var source = Keystream()
        return encrypt(
            slots: slots, plaintextIndex: plaintextIndex,
            level: level ?? key.context.maximumLevel, source: &source)
    }

    /// The same with u and the errors drawn from `source`, for tests: who knows it reads the message.
    package func encrypt(
        slots: [UInt64], plaintextIndex: Int, level: Int, source: inout Keystream
    ) -> Ciphertext {
        let context = key.context
        let basis = context.basis(level: level)
        let n = basis.degree
        let plaintext = context.plaintexts[plaintextIndex]
        let u = Samplers.ternary(degree: n, from: &source)
        let e1 = Samplers.error(degree: n, from: &source)
        let small = context.scaledWithError(
            slots, plaintextIndex: plaintextIndex, level: level, errors: &source)
        let values = LimbBuffer(count: n, isSecret: true)
        // Every word that held something secret is overwritten with its masked value.
        var c0 = Polynomial<NTTValues>(uninitialized: basis)
        var c1 = Polynomial<NTTValues>(uninitialized: basis)
        withExtendedLifetime((key, plaintext, values)) {
            for (i, table) in basis.tables.enumerated() {
                let (x, y) = (c0.mutableLimb(i), c1.mutableLimb(i))
                u.values(modulo: table, into: values.base)
                small.values(modulo: table, into: x)
                table.addProducts(
                    x, plaintext.inverse.limb(i), key.b.limb(i), values.base, into: x)
                e1.values(modulo: table, into: y)
                bsk_mul_add(table.modulus, y, key.a.limb(i), values.base, n)
            }
        }
        return Ciphertext(polynomials: [c0, c1], plaintextIndex: plaintextIndex)
    }
}
