// SPDX-License-Identifier: Apache-2.0

import BigIntegers
import CKernels
import Ring
import Synchronization

/// Lattice parameters with everything precomputed from them: tables, bases, constants. Immutable, shared
/// by all that computes; holds no secret.
package final class LatticeContext: Sendable {
    package let parameters: LatticeParameters
    /// `bases[l]` holds the first l ciphertext moduli (l from 1).
    private let bases: [RNSBasis]
    /// `extendedBases[l]`: the first l ciphertext moduli, then those of P.
    private let extendedBases: [RNSBasis]
    package let specialTables: [NTTTable]
    /// P^-1 mod q_i.
    package let specialInverse: [UInt64]
    /// P mod q_i.
    package let specialResidue: [UInt64]
    /// `dropInverse[j][i]` = q_j^-1 mod q_i, for i < j.
    package let dropInverse: [[UInt64]]
    /// `inverses[j][i]` = q_j^-1 mod q_i, of the ciphertext moduli, then the special ones; 0 for i = j.
    private let inverses: [[UInt64]]
    private let permutations = Mutex<[Int: GaloisPermutation]>([:])

    package init(_ parameters: LatticeParameters) throws {
        self.parameters = parameters
        let n = parameters.degree
        let tables = try parameters.ciphertextModuli.map { try NTTTable(modulus: $0, degree: n) }
        let specials = try parameters.specialModuli.map { try NTTTable(modulus: $0, degree: n) }
        specialTables = specials
        bases = try (1...tables.count).map { try RNSBasis(tables: Array(tables[..<$0])) }
        extendedBases = try (1...tables.count).map {
            try RNSBasis(tables: Array(tables[..<$0]) + specials)
        }
        let moduli = parameters.ciphertextModuli
        specialResidue = moduli.map { q in
            parameters.specialModuli.reduce(1) {
                ModularArithmetic.multiply($0, $1 % q, modulo: q)
            }
        }
        specialInverse = zip(specialResidue, moduli).map {
            ModularArithmetic.inverse($0, modulo: $1)!
        }
        let all = moduli + parameters.specialModuli
        let inverses = all.map { q in
            all.map { $0 == q ? 0 : ModularArithmetic.inverse(q % $0, modulo: $0)! }
        }
        self.inverses = inverses
        dropInverse = moduli.indices.map { Array(inverses[$0][..<$0]) }
    }

    package var degree: Int { parameters.degree }
    package var maximumLevel: Int { parameters.maximumLevel }

    package func basis(level: Int) -> RNSBasis { bases[level - 1] }

    package func extendedBasis(level: Int) -> RNSBasis { extendedBases[level - 1] }

    /// The number of moduli of P.
    package var specialCount: Int { specialTables.count }

    /// Of a polynomial modulo Q_l P, l.
    package func level<Form>(ofExtended polynomial: Polynomial<Form>) -> Int {
        polynomial.limbCount - specialCount
    }

    /// q_`limb`^-1 modulo q_`other`, whichever comes first; beyond the maximum level the special moduli.
    package func dropInverse(of limb: Int, modulo other: Int) -> UInt64 {
        inverses[limb][other]
    }

    /// The permutation of NTT values for X -> X^element, made once and kept.
    package func permutation(element: Int) -> GaloisPermutation {
        permutations.withLock { cache in
            if let known = cache[element] { return known }
            let made = GaloisPermutation(element: element, degree: degree)
            cache[element] = made
            return made
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
