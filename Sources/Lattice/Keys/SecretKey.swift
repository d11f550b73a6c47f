// SPDX-License-Identifier: Apache-2.0

import CKernels
import Ring

/// A uniform ternary secret s. Wiped on release; never printed.
public final class SecretKey: Sendable {
    package let context: LatticeContext
    package let coefficients: SecretCoefficients
    /// s in NTT form modulo every q_i, then every modulus of P.
    package let values: Polynomial<NTTValues>

    /// A fresh key from the operating system's generator, drawn until `SecretBounds` hold. Constant time but
    /// for the number of draws, which says nothing of the key that is kept.
    package convenience init(context: LatticeContext) {
        var source = Keystream()
        let bounds = SecretBounds(degree: context.degree)
        while true {
            let drawn = Samplers.ternary(degree: context.degree, from: &source)
            var values = (0..<drawn.count).map { Double(drawn.base[$0]) }
            let holds = withExtendedLifetime(drawn) { bounds.hold(for: values) }
            values.withUnsafeMutableBytes { bsk_wipe($0.baseAddress!, $0.count) }
            if holds {
                self.init(context: context, coefficients: drawn)
                return
            }
        }
    }

    /// - Parameter coefficients: N values in {-1, 0, 1}; the caller has checked them.
    package init(context: LatticeContext, coefficients: SecretCoefficients) {
        precondition(coefficients.count == context.degree)
        self.context = context
        self.coefficients = coefficients
        values = coefficients.polynomial(
            basis: context.extendedBasis(level: context.maximumLevel)
        ).forwardNTT()
    }

    /// s modulo the first `level` ciphertext moduli.
    package func values(level: Int) -> Polynomial<NTTValues> {
        values.prefix(context.basis(level: level))
    }

    /// s modulo the first `level` ciphertext moduli and those of P.
    package func extendedValues(level: Int) -> Polynomial<NTTValues> {
        let basis = context.extendedBasis(level: level)
        var out = Polynomial<NTTValues>(uninitialized: basis, isSecret: true)
        withExtendedLifetime(values) {
            for i in 0..<level {
                out.mutableLimb(i).update(from: values.limb(i), count: basis.degree)
            }
            for i in 0..<context.specialCount {
                out.mutableLimb(level + i).update(
                    from: values.limb(context.maximumLevel + i), count: basis.degree)
            }
        }
        return out
    }
}

extension SecretKey: CustomReflectable {
    /// Empty: nothing of a secret is printed.
    public var customMirror: Mirror { Mirror(self, children: [:]) }
}
