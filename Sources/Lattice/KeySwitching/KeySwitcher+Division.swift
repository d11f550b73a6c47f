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
            polynomials, by: last..<last + 1, keeping: context.basis(level: last),
            inverses: context.dropInverse[last])
    }

    /// round(p / P) modulo Q_l, in NTT form, and a polynomial added to each where there are some.
    package func divideBySpecial(
        _ polynomials: [Polynomial<NTTValues>], adding extras: [Polynomial<NTTValues>] = []
    ) -> [Polynomial<NTTValues>] {
        guard let level = polynomials.first.map(context.level(ofExtended:)) else { return [] }
        counter.add { $0.specialDivisions += polynomials.count }
        let first = context.maximumLevel
        return divide(
            polynomials, by: first..<first + context.specialCount,
            keeping: context.basis(level: level), inverses: context.specialInverse,
            adding: extras)
    }

    /// (p - [p]_q) / q with q the product of the last moduli and [p]_q centered: an inverse NTT for each of these, and a
    /// forward one a limb that stays.
    ///
    /// - Parameter moduli: the numbers of those moduli among all of the context's, special ones last.
    private func divide(
        _ polynomials: [Polynomial<NTTValues>], by moduli: Range<Int>, keeping basis: RNSBasis,
        inverses: [UInt64], adding extras: [Polynomial<NTTValues>] = []
    ) -> [Polynomial<NTTValues>] {
        let n = basis.degree
        let kept = basis.count
        let out = polynomials.map { _ in Polynomial<NTTValues>(uninitialized: basis) }
        guard let first = polynomials.first else { return out }
        let dropped = Array(first.basis.tables[kept...])
        let stride = dropped.count * n
        let remainders = LimbBuffer(count: polynomials.count * stride)
        withExtendedLifetime((polynomials, out, remainders, extras)) {
            pool.run(polynomials.count * dropped.count) { task in
                let (index, i) = task.quotientAndRemainder(dividingBy: dropped.count)
                let remainder = remainders.base + index * stride + i * n
                remainder.update(from: polynomials[index].limb(kept + i), count: n)
                dropped[i].inverse(remainder)
            }
            if dropped.count > 1 {
                pool.run(polynomials.count) { index in
                    mixRadices(dropped, moduli) { remainders.base + index * stride + $0 * n }
                }
            }
            pool.run(polynomials.count * kept) { task in
                let (index, i) = task.quotientAndRemainder(dividingBy: kept)
                let table = basis.tables[i]
                // The quotient's place serves the lifted remainder first.
                let x = out[index].sharedLimb(i)
                join(dropped, modulo: table, into: x) {
                    UnsafePointer(remainders.base + index * stride + $0 * n)
                }
                table.forward(x)
                bsk_sub_mul_scalar(
                    table.modulus, x, polynomials[index].limb(i), x, inverses[i], n)
                if !extras.isEmpty { bsk_add(table.modulus, x, x, extras[index].limb(i), n) }
            }
        }
        counter.add {
            $0.inverseNTTs += polynomials.count * dropped.count
            $0.forwardNTTs += polynomials.count * kept
            $0.joinProducts +=
                polynomials.count * RNSBasis.joinProducts(dropped.count, to: kept)
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
