// SPDX-License-Identifier: Apache-2.0

import BigIntegers
import CKernels
import Lattice
import Ring

extension Evaluator {
    /// m + a constant of `slots`, a value in [0, t) for each, whose scaling by Q_l / pi is rounded at random: every
    /// coefficient to one of its two neighbouring integers, with a mean of what it is. So what rounding adds to the noise
    /// has mean zero, whatever the constant is. Constant time. docs/FunctionPrivacy.md
    package func addDithered(_ a: Ciphertext, slots: [UInt64]) throws -> Ciphertext {
        var source = Keystream()
        return try addDithered(a, slots: slots, source: &source)
    }

    /// The same with randomness of the caller's choice, for tests: a word for each coefficient.
    package func addDithered(
        _ a: Ciphertext, slots: [UInt64], source: inout Keystream
    ) throws -> Ciphertext {
        let (index, degree) = (a.plaintextIndex, context.degree)
        let plaintext = context.plaintexts[index]
        let ideal = plaintext.ideal
        var small = context.scaled(slots, plaintextIndex: index, level: a.level)
        // pi times the rounding error, and that times the other conjugates: t times it, an integer.
        let errors = SecretCoefficients(count: degree)
        let drawn = SecretCoefficients(count: degree)
        withExtendedLifetime((errors, drawn)) {
            errors.base.update(repeating: 0, count: degree)
            bsk_multiply_add_ideal(
                errors.base, small, plaintext.adjoint, ideal.index, degree / ideal.index)
            source.forEachRun(of: degree) {
                bsk_draw_quotients(
                    drawn.base + $1, $0, errors.base + $1, plaintext.modulus, $2)
            }
            // `encoded` divides by pi.
            bsk_multiply_add_ideal(
                &small, drawn.base, ideal.generator, ideal.index, degree / ideal.index)
        }
        counter.add {
            $0.ditheredTerms += 1
            $0.forwardNTTs += a.level
        }
        return try add(a, context.encoded(small, plaintextIndex: index, level: a.level))
    }
}
