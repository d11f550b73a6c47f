// SPDX-License-Identifier: Apache-2.0

import BigIntegers

/// The slots of a plaintext polynomial by their definition, psi the smallest primitive 2N-th root of unity mod t: its
/// values at psi^(3^i) (row 0) and psi^(-3^i) (row 1) for index k = 1; at psi^((-3)^i) for k = 2, at psi^(3^(i k/2))
/// beyond. N^2 / k steps.
package struct OracleSlots: Sendable {
    package let degree: Int
    package let plaintextModulus: UInt64
    /// The point of each slot, row 0 first.
    package let points: [UInt64]

    /// - Precondition: t is a prime, 1 mod 2N.
    package init(degree: Int, plaintextModulus t: UInt64, index: Int = 1) {
        let order = 2 * degree
        let psi = ModularArithmetic.primitiveRoot(ofOrder: UInt64(order), modulo: t)!
        var exponents: [Int] = []
        var exponent = 1
        let step =
            index == 2
            ? order - 3 : (0..<max(index / 2, 1)).reduce(1) { power, _ in power * 3 % order }
        for _ in 0..<(index == 1 ? degree / 2 : degree / index) {
            exponents.append(exponent)
            exponent = exponent * step % order
        }
        if index == 1 { exponents += exponents.map { order - $0 } }
        self.degree = degree
        plaintextModulus = t
        points = exponents.map { ModularArithmetic.power(psi, UInt64($0), modulo: t) }
    }

    /// The value in one slot, by Horner's rule.
    package func slot(_ index: Int, of polynomial: BigPolynomial) -> UInt64 {
        let t = plaintextModulus
        return polynomial.coefficients.reversed().reduce(0) { value, c in
            ModularArithmetic.add(
                ModularArithmetic.multiply(value, points[index], modulo: t),
                c.residue(modulo: t), modulo: t)
        }
    }

    package func decode(_ polynomial: BigPolynomial) -> [UInt64] {
        points.indices.map { slot($0, of: polynomial) }
    }

    /// The polynomial with these slots and zero in all others, coefficients in (-t/2, t/2): m_i = 1/N sum over slots of
    /// value point^-i.
    package func encode(_ slots: [UInt64]) -> BigPolynomial {
        precondition(slots.count == points.count)
        let t = plaintextModulus
        var sums = [UInt64](repeating: 0, count: degree)
        let scale = ModularArithmetic.inverse(UInt64(degree), modulo: t)!
        for (value, point) in zip(slots, points) {
            let step = ModularArithmetic.inverse(point, modulo: t)!
            var term = ModularArithmetic.multiply(value % t, scale, modulo: t)
            for i in 0..<degree {
                sums[i] = ModularArithmetic.add(sums[i], term, modulo: t)
                term = ModularArithmetic.multiply(term, step, modulo: t)
            }
        }
        return BigPolynomial(sums.map { ModularArithmetic.centered($0, modulo: t) })
    }
}
