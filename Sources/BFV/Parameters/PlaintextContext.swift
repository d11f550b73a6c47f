// SPDX-License-Identifier: Apache-2.0

import BigIntegers
import Lattice
import Ring

/// What depends on one plaintext modulus.
package struct PlaintextContext: Sendable {
    package let table: NTTTable
    package let encoder: SlotEncoder
    /// pi modulo Q P.
    package let generator: Polynomial<NTTValues>
    /// t / pi: k coefficients, of the powers of X^(N/k).
    let adjoint: [Int64]
    /// pi^-1 modulo Q.
    package let inverse: Polynomial<NTTValues>
    /// `negatedModulus[l - 1]` = -Q_l mod t: the factor that a multiplication at level l brings.
    private let negatedModulus: [UInt64]

    /// t.
    package var modulus: UInt64 { table.value }
    package var ideal: PlaintextModulus { encoder.modulus }

    init(
        _ plaintext: PlaintextModulus, parameters: BFVParameters, lattice: LatticeContext
    ) throws {
        let t = plaintext.prime
        let n = parameters.degree
        table = try NTTTable(modulus: t, degree: n)
        encoder = SlotEncoder(table: table, modulus: plaintext)
        // Below t / 2 for k > 1, as parameters demand of what they divide by.
        adjoint = plaintext.adjoint.map { Int64(exactly: $0)! }
        var coefficients = [Int64](repeating: 0, count: n)
        for (i, c) in plaintext.generator.enumerated() {
            coefficients[i * n / plaintext.index] = c
        }
        let level = lattice.maximumLevel
        generator = Polynomial(
            signed: coefficients, basis: lattice.extendedBasis(level: level)
        ).forwardNTT()
        inverse = generator.prefix(lattice.basis(level: level)).inverted()
        var product: UInt64 = 1
        negatedModulus = parameters.ciphertextModuli.map {
            product = ModularArithmetic.multiply(product, $0 % t, modulo: t)
            return t - product
        }
    }

    /// pi modulo limb k of Q_l P.
    func generator(limb k: Int, level: Int) -> UnsafePointer<UInt64> {
        generator.limb(k < level ? k : inverse.limbCount + k - level)
    }

    /// -Q_l mod t, a unit.
    package func multiplicationFactor(level: Int) -> UInt64 { negatedModulus[level - 1] }
}

extension Polynomial where Form == NTTValues {
    /// The inverse, for polynomials of few distinct values: those in X^(N/k) have k a limb.
    /// - Precondition: it is a unit, as what has a prime norm is modulo any other prime.
    fileprivate func inverted() -> Polynomial {
        var out = Polynomial(uninitialized: basis)
        for (i, q) in basis.moduli.enumerated() {
            var known: [UInt64: UInt64] = [:]
            let words = words(ofLimb: i)
            let target = out.mutableLimb(i)
            for (j, word) in words.enumerated() {
                if let inverse = known[word] {
                    target[j] = inverse
                } else {
                    let inverse = ModularArithmetic.inverse(word, modulo: q)!
                    known[word] = inverse
                    target[j] = inverse
                }
            }
        }
        return out
    }
}
