import BigIntegers
import CKernels
import Foundation
import Ring

/// Decrypts. Client side only. Constant time in the key and the message.
public struct Decryptor: Sendable {
    package let secretKey: SecretKey
    private var context: RLWEContext { secretKey.context }

    public init(secretKey: SecretKey) { self.secretKey = secretKey }

    /// The phase v = c_0 + c_1 s (+ c_2 s^2) modulo Q_l, in coefficients.
    package func phase(_ ciphertext: Ciphertext) -> Polynomial<Coefficients> {
        phaseValues(ciphertext).inverseNTT()
    }

    /// The same, in NTT form.
    package func phaseValues(_ ciphertext: Ciphertext) -> Polynomial<NTTValues> {
        let basis = ciphertext.basis
        let s = secretKey.values
        let parts = ciphertext.polynomials
        var sum = Polynomial<NTTValues>(uninitialized: basis, isSecret: true)
        withExtendedLifetime((s, parts)) {
            for i in 0..<basis.count {
                let (m, x) = (basis.tables[i].modulus, sum.mutableLimb(i))
                bsk_mul(m, x, parts.last!.limb(i), s.limb(i), basis.degree)
                bsk_add(m, x, x, parts[parts.count - 2].limb(i), basis.degree)
                guard parts.count == 3 else { continue }
                bsk_mul(m, x, x, s.limb(i), basis.degree)
                bsk_add(m, x, x, parts[0].limb(i), basis.degree)
            }
        }
        return sum
    }

    /// The slots in [0, t), with the noise margin.
    ///
    /// The phase is divided down to q_0, limb by limb, with rounding: word arithmetic only. With
    /// nu = pi v mod q_0, centered: q_0 m + nu = pi v, so m = -nu / q_0 modulo pi.
    public func decrypt(_ ciphertext: Ciphertext) -> DecryptedSlots {
        var values = phaseValues(ciphertext)
        if values.limbCount > 1 {
            var v = values.inverseNTT()
            while v.limbCount > 1 { v = context.dropLastLimb(v) }
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
    public let slots: [UInt64]
    public let noiseMarginBits: Double
}

extension RLWEContext {
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

    /// round(v / q_last) modulo the remaining limbs, in coefficients. Exact: the centered residue of v
    /// modulo q_last is subtracted first.
    package func dropLastLimb(_ v: Polynomial<Coefficients>) -> Polynomial<Coefficients> {
        let last = v.limbCount - 1
        let n = v.degree
        let lifted = LimbBuffer(count: n, isSecret: v.storage.isSecret)
        var out = v.prefix(basis(level: last))
        withExtendedLifetime((v, lifted)) {
            for i in 0..<last {
                let table = v.basis.tables[i]
                bsk_lift_centered(
                    v.basis.tables[last].modulus, table.modulus, lifted.base, v.limb(last), n)
                let x = out.mutableLimb(i)
                bsk_sub_mul_scalar(
                    table.modulus, x, x, lifted.base, dropInverse[last][i], n)
            }
        }
        return out
    }
}

extension Double {
    /// log2 of a positive normal number, within 2^-45. The system's looks values up in a table, at addresses that tell the
    /// first bits of its argument; this is arithmetic only.
    ///
    /// x = m 2^e with m in [1, 2): log2 x = e + 1/2 + log2(m / sqrt 2), and ln(m / sqrt 2) = 2 artanh z with
    /// z = (m - sqrt 2) / (m + sqrt 2), |z| < 0.172. The series stops before z^23 / 23.
    package var constantTimeLog2: Double {
        let exponent = Double(Int64(truncatingIfNeeded: bitPattern >> 52) &- 1023)
        let significand = Double(bitPattern: bitPattern & ((1 << 52) - 1) | 1023 << 52)
        let root = 2.0.squareRoot()
        let z = (significand - root) / (significand + root)
        var sum = 0.0
        for k in stride(from: 21.0, through: 1, by: -2) { sum = sum * (z * z) + 1 / k }
        return exponent + 0.5 + sum * z * 2 / M_LN2
    }
}
