// SPDX-License-Identifier: Apache-2.0

import BigIntegers
import CKernels
import Lattice
import Ring

/// A constant whose scaling by Q_l / pi is rounded anew for each use: every coefficient to one of its two neighbouring
/// integers, with a mean of what it is. So what rounding adds to the noise has mean zero, whatever the constant is.
/// docs/FunctionPrivacy.md
package struct DitheredConstant: Sendable {
    /// Rounded to the nearest.
    let nearest: EncodedConstant
    /// The rounding error of each coefficient, times t: an integer.
    fileprivate let errors: SecretCoefficients
    /// t.
    fileprivate let prime: UInt64
}

extension BFVContext {
    /// As `encodeConstant`, of level `level`.
    ///
    /// - Parameter slots: a value in [0, t) for each.
    package func encodeDithered(
        slots: [UInt64], plaintextIndex: Int = 0, level: Int
    ) -> DitheredConstant {
        let plaintext = plaintexts[plaintextIndex]
        let ideal = plaintext.ideal
        // pi times the rounding error, and that times the other conjugates: t times it.
        let small = scaled(slots, plaintextIndex: plaintextIndex, level: level)
        let errors = SecretCoefficients(count: degree)
        withExtendedLifetime(errors) {
            errors.base.update(repeating: 0, count: degree)
            bsk_multiply_add_ideal(
                errors.base, small, plaintext.adjoint, ideal.index, degree / ideal.index)
        }
        return DitheredConstant(
            nearest: encoded(small, plaintextIndex: plaintextIndex, level: level), errors: errors,
            prime: plaintext.modulus)
    }
}

extension Evaluator {
    /// m + constant, rounded at random. Constant time.
    package func add(_ a: Ciphertext, _ constant: DitheredConstant) throws -> Ciphertext {
        var source = Keystream()
        return try add(a, constant, source: &source)
    }

    /// The same with randomness of the caller's choice, for tests: a word for each coefficient.
    package func add(
        _ a: Ciphertext, _ constant: DitheredConstant, source: inout Keystream
    ) throws -> Ciphertext {
        var polynomials = try add(a, constant.nearest).polynomials
        let drawn = SecretCoefficients(count: context.degree)
        withExtendedLifetime((drawn, constant.errors)) {
            source.forEachRun(of: context.degree) { words, start, count in
                bsk_draw_quotients(
                    drawn.base + start, words, constant.errors.base + start, constant.prime, count)
            }
        }
        counter.add {
            $0.ditheredTerms += 1
            $0.forwardNTTs += a.level
        }
        polynomials[0] += drawn.polynomial(basis: a.basis).forwardNTT()
        return Ciphertext(polynomials: polynomials, plaintextIndex: a.plaintextIndex)
    }
}
