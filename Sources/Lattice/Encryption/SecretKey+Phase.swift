// SPDX-License-Identifier: Apache-2.0

import CKernels
import Ring

extension SecretKey {
    /// The phase c_0 + c_1 s (+ c_2 s^2) modulo the basis of `parts`, the first ciphertext moduli, in NTT form.
    /// Constant time.
    package func phase(of parts: [Polynomial<NTTValues>]) -> Polynomial<NTTValues> {
        let basis = parts[0].basis
        let s = values
        var sum = Polynomial<NTTValues>(uninitialized: basis, isSecret: true)
        withExtendedLifetime((s, parts)) {
            for i in 0..<basis.count {
                let (m, x) = (basis.tables[i].modulus, sum.mutableLimb(i))
                bsk_mul(m, x, parts.last!.limb(i), s.limb(i), basis.degree)
                bsk_add(m, x, x, parts[parts.count - 2].limb(i), basis.degree)
                guard parts.count == 3 else { continue }
                bsk_mul(m, x, x, s.limb(i), basis.degree)
                bsk_add(m, x, x, parts[0].limb(i), basis.degree)
            }
        }
        return sum
    }
}
