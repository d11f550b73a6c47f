// SPDX-License-Identifier: Apache-2.0

import BigIntegers
import CKernels
import Lattice
import Ring

/// Decrypts. Client side only. Constant time in the key and the message.
public struct Decryptor: Sendable {
    package let context: BFVContext
    package let secretKey: SecretKey

    /// - Precondition: the key is of the context's lattice.
    public init(context: BFVContext, secretKey: SecretKey) {
        precondition(secretKey.context.parameters == context.parameters.lattice)
        self.context = context
        self.secretKey = secretKey
    }

    /// The phase v = c_0 + c_1 s (+ c_2 s^2) modulo Q_l, in coefficients.
    package func phase(_ ciphertext: Ciphertext) -> Polynomial<Coefficients> {
        phaseValues(ciphertext).inverseNTT()
    }

    /// The same, in NTT form.
    package func phaseValues(_ ciphertext: Ciphertext) -> Polynomial<NTTValues> {
        secretKey.phase(of: ciphertext.polynomials)
    }

    /// The slots in [0, t), with the noise margin.
    ///
    /// The phase is divided down to q_0, limb by limb, with rounding: word arithmetic only. With
    /// nu = pi v mod q_0, centered: q_0 m + nu = pi v, so m = -nu / q_0 modulo pi.
    public func decrypt(_ ciphertext: Ciphertext) -> DecryptedSlots {
        var values = phaseValues(ciphertext)
        if values.limbCount > 1 {
            var v = values.inverseNTT()
            while v.limbCount > 1 { v = context.lattice.dropLastLimb(v) }
            values = v.forwardNTT()
        }
        let plaintext = context.plaintexts[ciphertext.plaintextIndex]
        values.multiply(byPrefixOf: plaintext.generator)
        let product = values.inverseNTT()
        let noise = SecretCoefficients(count: product.degree)
        withExtendedLifetime(product) {
            bsk_center(
                product.basis.tables[0].modulus, noise.base, product.limb(0), product.degree)
        }
        return context.decode(
            noise: noise, plaintext: plaintext,
            factor: plaintext.multiplicationFactor(level: 1),
            halfModulus: Double(product.basis.tables[0].value) / 2)
    }
}

/// A decryption's slots with the measured noise margin: log2((q/2) / max|nu|), the bits by which the
/// largest noise coefficient could grow before decryption fails. Client side only: the margin depends
/// on the secret key and must never be sent to a server.
public struct DecryptedSlots: Sendable {
    /// The slots' values, each in 0..<t of the plaintext modulus.
    public let slots: [UInt64]
    /// Bits between the noise and the largest that decrypts: below 0 the slots may be wrong. A fact about the secret
    /// key.
    public let noiseMarginBits: Double
}

extension BFVContext {
    /// m = nu / factor modulo pi, decoded, with the margin of nu under `halfModulus`. Constant time.
    package func decode(
        noise: SecretCoefficients, plaintext: PlaintextContext, factor: UInt64,
        halfModulus: Double
    ) -> DecryptedSlots {
        let t = plaintext.table.modulus
        let inverse = ModularArithmetic.inverse(factor, modulo: plaintext.modulus)!
        let message = LimbBuffer(count: noise.count, isSecret: true)
        return withExtendedLifetime(noise) {
            let magnitude = bsk_largest_magnitude(noise.base, noise.count)
            // At least 1, and as a signed number: the conversion of an unsigned one may branch.
            let largest = Int64(bitPattern: magnitude &+ (magnitude &- 1) >> 63)
            bsk_reduce_signed(t, message.base, noise.base, noise.count)
            bsk_mul_scalar(t, message.base, message.base, inverse, noise.count)
            return DecryptedSlots(
                slots: plaintext.encoder.decode(consuming: message),
                noiseMarginBits: (halfModulus / Double(largest)).constantTimeLog2)
        }
    }
}
