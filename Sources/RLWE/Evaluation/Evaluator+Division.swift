import CKernels
import Ring

/// Divisions by a dropped modulus, with rounding, of many polynomials at once.
extension Evaluator {
    /// round(p / q_last) modulo the remaining limbs, in NTT form.
    func dropLastLimb(_ polynomials: [Polynomial<NTTValues>]) -> [Polynomial<NTTValues>] {
        guard let last = polynomials.first.map({ $0.limbCount - 1 }) else { return [] }
        return divide(
            polynomials, keeping: context.basis(level: last), inverses: context.dropInverse[last])
    }

    /// round(p / P) modulo Q_l, in NTT form.
    func divideBySpecial(_ polynomials: [Polynomial<NTTValues>]) -> [Polynomial<NTTValues>] {
        guard let level = polynomials.first.map({ $0.limbCount - 1 }) else { return [] }
        counter.add { $0.specialDivisions += polynomials.count }
        return divide(
            polynomials, keeping: context.basis(level: level), inverses: context.specialInverse)
    }

    /// (p - [p]_q) / q with q the last modulus and [p]_q centered: one inverse NTT, and a forward one a limb.
    private func divide(
        _ polynomials: [Polynomial<NTTValues>], keeping basis: RNSBasis, inverses: [UInt64]
    ) -> [Polynomial<NTTValues>] {
        let n = basis.degree
        let last = basis.count
        let out = polynomials.map { _ in Polynomial<NTTValues>(uninitialized: basis) }
        pool.run(polynomials.count) { index in
            let p = polynomials[index]
            let dropped = p.basis.tables[last]
            let scratch = LimbBuffer(count: 2 * n)
            let remainder = scratch.base
            let lifted = scratch.base + n
            withExtendedLifetime((p, out, scratch)) {
                remainder.update(from: p.limb(last), count: n)
                dropped.inverse(remainder)
                for i in 0..<last {
                    let table = basis.tables[i]
                    bsk_lift_centered(dropped.modulus, table.modulus, lifted, remainder, n)
                    table.forward(lifted)
                    bsk_sub_mul_scalar(
                        table.modulus, out[index].sharedLimb(i), p.limb(i), lifted, inverses[i],
                        n)
                }
            }
        }
        counter.add {
            $0.inverseNTTs += polynomials.count
            $0.forwardNTTs += polynomials.count * last
        }
        return out
    }
}
