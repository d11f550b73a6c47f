// SPDX-License-Identifier: Apache-2.0

import CKernels
import Ring

extension KeySwitcher {
    /// A new encryption of zero modulo Q_l: (b u + e_0, a u + e_1) modulo Q_l P divided by P, u uniform ternary, e_i
    /// centered binomial. Who knows u and e_1 can take it off again: they are wiped. Constant time in them.
    ///
    /// - Parameters:
    ///   - flood: added to e_0, so that one transform serves both: P times it, which the division by P leaves as it is;
    ///     or it as it is, which the division makes fractions of.
    ///   - isDivided: whether it is added as it is.
    ///   - source: of u, e_0 and e_1, in this order.
    /// - Throws: `EvaluationError` where the key is missing, or covers too low a level.
    package func encryptionOfZero(
        level: Int, flood: FloodCoefficients? = nil, isDivided: Bool = false,
        source: inout Keystream
    ) throws(EvaluationError) -> ExtendedPair {
        guard let key = keys.rerandomization else {
            throw .mismatch("no public key to make encryptions of zero from")
        }
        guard key.level >= level else { throw .keyCoversLevel(key.level, needed: level) }
        let basis = context.extendedBasis(level: level)
        let n = basis.degree
        let u = Samplers.ternary(degree: n, from: &source)
        let errors = (0..<2).map { _ in Samplers.error(degree: n, from: &source) }
        let values = LimbBuffer(count: n * basis.count, isSecret: true)
        let scratch = LimbBuffer(count: flood == nil ? 1 : n * basis.count, isSecret: true)
        let out = (0..<2).map { _ in Polynomial<NTTValues>(uninitialized: basis) }
        withExtendedLifetime((key, values, scratch, out)) {
            pool.run(basis.count) { limb in
                let table = basis.tables[limb]
                let ofU = values.base + limb * n
                // P is the last of the key, whatever its level.
                let place = limb >= level ? key.level + limb - level : limb
                u.values(modulo: table, into: ofU)
                for (half, factor) in [key.b, key.a].enumerated() {
                    let x = out[half].sharedLimb(limb)
                    // P times it is zero modulo P.
                    if half == 0, let flood, isDivided || limb < level {
                        errors[half].residues(modulo: table, into: x)
                        flood.add(
                            to: x, modulo: table,
                            times: isDivided ? 1 : context.specialResidue[limb],
                            scratch: scratch.base + limb * n)
                        table.forward(x)
                    } else {
                        errors[half].values(modulo: table, into: x)
                    }
                    bsk_mul_add(table.modulus, x, factor.limb(place), ofU, n)
                }
            }
        }
        counter.add {
            $0.rerandomizations += 1
            $0.forwardNTTs += 3 * basis.count
        }
        return divideBySpecial([(out[0], out[1])])[0]
    }
}
