// SPDX-License-Identifier: Apache-2.0

import CKernels
import Ring
import Threading

/// Divisions by a dropped modulus, with rounding, of many polynomials at once.
extension KeySwitcher {
    /// round(p / q_last) modulo the remaining limbs, in NTT form.
    package func dropLastLimb(_ polynomials: [Polynomial<NTTValues>]) -> [Polynomial<NTTValues>] {
        guard let last = polynomials.first.map({ $0.limbCount - 1 }) else { return [] }
        return divide(
            polynomials, keeping: context.basis(level: last), inverses: context.dropInverse[last])
    }

    /// round(p / P) modulo Q_l, in NTT form, and a polynomial added to each where there are some.
    package func divideBySpecial(
        _ polynomials: [Polynomial<NTTValues>], adding extras: [Polynomial<NTTValues>] = []
    ) -> [Polynomial<NTTValues>] {
        guard let level = polynomials.first.map({ $0.limbCount - 1 }) else { return [] }
        counter.add { $0.specialDivisions += polynomials.count }
        return divide(
            polynomials, keeping: context.basis(level: level), inverses: context.specialInverse,
            adding: extras)
    }

    /// (p - [p]_q) / q with q the last modulus and [p]_q centered: one inverse NTT, and a forward one a limb.
    private func divide(
        _ polynomials: [Polynomial<NTTValues>], keeping basis: RNSBasis, inverses: [UInt64],
        adding extras: [Polynomial<NTTValues>] = []
    ) -> [Polynomial<NTTValues>] {
        let n = basis.degree
        let last = basis.count
        let out = polynomials.map { _ in Polynomial<NTTValues>(uninitialized: basis) }
        guard let first = polynomials.first else { return out }
        let dropped = first.basis.tables[last]
        let remainders = LimbBuffer(count: polynomials.count * n)
        withExtendedLifetime((polynomials, out, remainders, extras)) {
            pool.run(polynomials.count) { index in
                let remainder = remainders.base + index * n
                remainder.update(from: polynomials[index].limb(last), count: n)
                dropped.inverse(remainder)
            }
            pool.run(polynomials.count * last) { task in
                let (index, i) = task.quotientAndRemainder(dividingBy: last)
                let table = basis.tables[i]
                // The quotient's place serves the lifted remainder first.
                let x = out[index].sharedLimb(i)
                bsk_lift_centered(
                    dropped.modulus, table.modulus, x, remainders.base + index * n, n)
                table.forward(x)
                bsk_sub_mul_scalar(
                    table.modulus, x, polynomials[index].limb(i), x, inverses[i], n)
                if !extras.isEmpty { bsk_add(table.modulus, x, x, extras[index].limb(i), n) }
            }
        }
        counter.add {
            $0.inverseNTTs += polynomials.count
            $0.forwardNTTs += polynomials.count * last
        }
        return out
    }

    /// Each pair divided by P, with two polynomials added to each where there are some.
    package func divideBySpecial(
        _ pairs: [ExtendedPair], adding extras: [Polynomial<NTTValues>] = []
    ) -> [ExtendedPair] {
        let divided = divideBySpecial(pairs.flatMap { [$0.0, $0.1] }, adding: extras)
        return pairs.indices.map { (divided[2 * $0], divided[2 * $0 + 1]) }
    }
}
