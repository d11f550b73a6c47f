// SPDX-License-Identifier: Apache-2.0

import CKernels
import Lattice
import Ring

/// One limb of a ciphertext's two polynomials.
typealias ResiduePair = (UnsafeMutablePointer<UInt64>, UnsafeMutablePointer<UInt64>)

/// Multiples of pi that are added to the weights of a linear map, drawn anew for each use: they change no message, and
/// make w / pi random with mean zero, so that the mean of the noise doesn't depend on w. docs/FunctionPrivacy.md
struct Dither {
    private let transform: EncodedTransform
    private let plaintext: PlaintextContext
    /// Of each term, coefficients in {-1, 0, 1}: none where the map isn't dithered.
    private let drawn: [SecretCoefficients]
    private var degree: Int { plaintext.table.degree }

    /// Draws for one use.
    /// - Parameter limbs: that it will be added in.
    init(
        _ transform: EncodedTransform, _ plaintext: PlaintextContext, limbs: Int,
        counter: OperationCounter
    ) {
        self.transform = transform
        self.plaintext = plaintext
        let degree = plaintext.table.degree
        guard !transform.dither.isEmpty else {
            drawn = []
            return
        }
        var source = Keystream()
        drawn = transform.dither.map { thresholds in
            let out = SecretCoefficients(count: degree)
            source.forEachRun(of: degree) { words, start, count in
                thresholds.withUnsafeBufferPointer {
                    bsk_draw_signs(out.base + start, words, $0.baseAddress! + start, count)
                }
            }
            return out
        }
        let terms = drawn.count
        counter.add {
            $0.ditheredTerms += terms
            $0.forwardNTTs += terms * limbs
            $0.plaintextProducts += 2 * (terms + transform.giants.count) * limbs
        }
    }

    /// Adds, to each giant's sums, pi times the sum over its terms of what was drawn times the baby, in limb k of Q_l P.
    func add(
        limb k: Int, level: Int, table: NTTTable, babies: (Int) -> ResiduePair,
        into out: (Int) -> ResiduePair
    ) {
        guard !drawn.isEmpty else { return }
        let n = degree
        let memory = LimbBuffer(count: 3 * n, isSecret: true)
        let (rho, sum0, sum1) = (memory.base, memory.base + n, memory.base + 2 * n)
        let pi = plaintext.generator(limb: k, level: level)
        var term = 0
        withExtendedLifetime((memory, plaintext)) {
            for (g, giant) in transform.giants.enumerated() {
                for (index, baby) in giant.babies.enumerated() {
                    drawn[term].values(modulo: table, into: rho)
                    let x = babies(baby)
                    if index == 0 {
                        bsk_mul(table.modulus, sum0, rho, x.0, n)
                        bsk_mul(table.modulus, sum1, rho, x.1, n)
                    } else {
                        bsk_mul_add(table.modulus, sum0, rho, x.0, n)
                        bsk_mul_add(table.modulus, sum1, rho, x.1, n)
                    }
                    term += 1
                }
                let target = out(g)
                bsk_mul_add(table.modulus, target.0, sum0, pi, n)
                bsk_mul_add(table.modulus, target.1, sum1, pi, n)
            }
        }
    }
}
