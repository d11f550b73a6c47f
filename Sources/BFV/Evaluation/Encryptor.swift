// SPDX-License-Identifier: Apache-2.0

import CKernels
import Lattice
import Ring

/// Encrypts slots under a secret key. Client side only. Constant time in the slots and the key.
public struct Encryptor: Sendable {
    let context: BFVContext
    let mask: SecretMask

    /// - Precondition: the key is of the context's lattice.
    public init(context: BFVContext, secretKey: SecretKey) {
        precondition(secretKey.context.parameters == context.parameters.lattice)
        self.context = context
        mask = SecretMask(secretKey: secretKey)
    }

    /// A fresh seeded ciphertext: c_1 uniform from a new public seed, c_0 = round(Q m / pi) + e - c_1 s.
    ///
    /// - Parameters:
    ///   - slots: a value in [0, t) for each.
    ///   - plaintextIndex: which t_i.
    ///   - level: how many moduli it has; all by default.
    public func encrypt(
        slots: [UInt64], plaintextIndex: Int = 0, level: Int? = nil
    ) -> Ciphertext {
        var errors = Keystream()
        return encrypt(
            slots: slots, plaintextIndex: plaintextIndex, level: level ?? context.maximumLevel,
            seed: Seed.random(), errors: &errors)
    }

    /// The same with randomness of the caller's choice, for tests: encrypting twice with one seed gives the
    /// messages' difference away.
    package func encrypt(
        slots: [UInt64], plaintextIndex: Int, level: Int, seed: Seed, errors: inout Keystream
    ) -> Ciphertext {
        let small = context.scaledWithError(
            slots, plaintextIndex: plaintextIndex, level: level, errors: &errors)
        let (c0, c1) = mask.encrypt(
            small, times: context.plaintexts[plaintextIndex].inverse, level: level, seed: seed)
        return Ciphertext(polynomials: [c0, c1], plaintextIndex: plaintextIndex, seed: seed)
    }
}

extension BFVContext {
    /// pi (round(Q_l m / pi) + e) modulo Q_l, in N small coefficients, e drawn from `errors`: one transform serves
    /// message and error, before the division by pi. Constant time.
    ///
    /// - Parameter dithers: whether Q m / pi is rounded at random, with mean 0, so that sums over many ciphertexts add
    ///   variances; for index 1.
    package func scaledWithError(
        _ slots: [UInt64], plaintextIndex: Int, level: Int, errors: inout Keystream,
        dithers: Bool = false
    ) -> SecretCoefficients {
        let plaintext = plaintexts[plaintextIndex]
        let out = SecretCoefficients(count: degree)
        plaintext.encoder.encode(
            slots, times: plaintext.multiplicationFactor(level: level), into: out.base)
        if dithers, plaintext.ideal.index == 1 {
            withExtendedLifetime(out) {
                errors.forEachRun(of: degree) {
                    bsk_dither(out.base + $1, $0, plaintext.modulus, $2)
                }
            }
        }
        Samplers.error(degree: degree, from: &errors).addProduct(
            with: plaintext.ideal, to: out)
        return out
    }
}

extension SecretCoefficients {
    /// sum += pi times this, modulo 2^64. Constant time.
    package func addProduct(with plaintext: PlaintextModulus, to sum: SecretCoefficients) {
        precondition(sum.count == count)
        withExtendedLifetime((self, sum)) {
            bsk_multiply_add_ideal(
                sum.base, base, plaintext.generator, plaintext.index, count / plaintext.index)
        }
    }
}
