// SPDX-License-Identifier: Apache-2.0

import CKernels
import Ring

/// A plaintext polynomial in NTT form modulo Q_l and P, ready to multiply ciphertexts at level l.
public struct EncodedPlaintext: Sendable {
    package let values: Polynomial<NTTValues>
    package let level: Int
}

/// A plaintext polynomial scaled by Q_l / t, in NTT form, ready to be added at level l.
public struct EncodedConstant: Sendable {
    package let values: Polynomial<NTTValues>
    package let plaintextIndex: Int
    package var level: Int { values.limbCount }
}

extension BFVContext {
    /// - Parameters:
    ///   - slots: a value in [0, t) for each.
    ///   - level: of the ciphertexts that it will multiply.
    public func encodeFactor(
        slots: [UInt64], plaintextIndex: Int = 0, level: Int
    ) -> EncodedPlaintext {
        let coefficients = plaintexts[plaintextIndex].encoder.encode(slots)
        return EncodedPlaintext(
            values: Polynomial(signed: coefficients, basis: extendedBasis(level: level))
                .forwardNTT(), level: level)
    }

    /// As `encodeFactor`, for addition.
    public func encodeConstant(
        slots: [UInt64], plaintextIndex: Int = 0, level: Int
    ) -> EncodedConstant {
        encoded(
            scaled(slots, plaintextIndex: plaintextIndex, level: level),
            plaintextIndex: plaintextIndex, level: level)
    }

    /// From pi times the constant's polynomial modulo Q_l, in small coefficients.
    func encoded(_ small: [Int64], plaintextIndex: Int, level: Int) -> EncodedConstant {
        var values = Polynomial<Coefficients>(signed: small, basis: basis(level: level))
            .forwardNTT()
        values.multiply(byPrefixOf: plaintexts[plaintextIndex].inverse)
        return EncodedConstant(values: values, plaintextIndex: plaintextIndex)
    }

    /// pi round(Q_l m / pi) modulo Q_l, in N small coefficients.
    ///
    /// pi round(Q m / pi) = Q m - r with r = Q m reduced modulo pi. Modulo Q that is -r, the reduced
    /// (-Q mod t) m: no multi-word arithmetic.
    package func scaled(_ slots: [UInt64], plaintextIndex: Int, level: Int) -> [Int64] {
        let plaintext = plaintexts[plaintextIndex]
        return plaintext.encoder.encode(
            slots, times: plaintext.multiplicationFactor(level: level))
    }
}

extension Polynomial where Form == NTTValues {
    /// Times a polynomial over the same moduli and perhaps more.
    package mutating func multiply(byPrefixOf other: Polynomial) {
        precondition(limbCount <= other.limbCount)
        withExtendedLifetime(other) {
            for i in 0..<limbCount {
                let x = mutableLimb(i)
                bsk_mul(basis.tables[i].modulus, x, x, other.limb(i), degree)
            }
        }
    }
}
