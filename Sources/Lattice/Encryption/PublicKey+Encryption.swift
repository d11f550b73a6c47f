// SPDX-License-Identifier: Apache-2.0

import CKernels
import Ring

extension PublicKey {
    /// (d x + b u, a u + e_1) modulo Q_l for a small x, u uniform ternary and e_1 centered binomial: with x an error
    /// and d = 1 an encryption of zero. A scheme adds its message to x while it is small. Constant time in x and in
    /// what is drawn.
    ///
    /// - Parameters:
    ///   - factor: d modulo Q, public.
    ///   - source: of u, e_1 and what `x` draws, in this order.
    package func encrypt(
        times factor: Polynomial<NTTValues>, level: Int, source: inout Keystream,
        _ x: (inout Keystream) -> SecretCoefficients
    ) -> (c0: Polynomial<NTTValues>, c1: Polynomial<NTTValues>) {
        let basis = context.basis(level: level)
        let n = basis.degree
        let u = Samplers.ternary(degree: n, from: &source)
        let e1 = Samplers.error(degree: n, from: &source)
        let small = x(&source)
        let values = LimbBuffer(count: n, isSecret: true)
        // Every word that held something secret is overwritten with its masked value.
        var c0 = Polynomial<NTTValues>(uninitialized: basis)
        var c1 = Polynomial<NTTValues>(uninitialized: basis)
        withExtendedLifetime((self, factor, values)) {
            for (i, table) in basis.tables.enumerated() {
                let (x, y) = (c0.mutableLimb(i), c1.mutableLimb(i))
                u.values(modulo: table, into: values.base)
                small.values(modulo: table, into: x)
                table.addProducts(x, factor.limb(i), b.limb(i), values.base, into: x)
                e1.values(modulo: table, into: y)
                bsk_mul_add(table.modulus, y, a.limb(i), values.base, n)
            }
        }
        return (c0, c1)
    }
}
