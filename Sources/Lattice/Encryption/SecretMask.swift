// SPDX-License-Identifier: Apache-2.0

import CKernels
import Ring

/// Symmetric encryption up to the message: (x - a s, a) modulo Q_l for a small x and a uniform a of a public seed.
///
/// With x an error it is an encryption of zero. A scheme adds its message to x while it is small, so that one transform
/// serves both. Constant time in the key and in x.
package struct SecretMask: Sendable {
    package let context: LatticeContext
    /// -s modulo Q.
    private let negatedSecret: Polynomial<NTTValues>

    package init(secretKey: SecretKey) {
        context = secretKey.context
        var values = secretKey.values(level: context.maximumLevel)
        values.negate()
        negatedSecret = values
    }

    /// (d x - a s, a) at `level`, from a new seed of the caller's.
    /// - Parameter factor: d modulo Q, public.
    package func encrypt(
        _ x: SecretCoefficients, times factor: Polynomial<NTTValues>, level: Int, seed: Seed
    ) -> (c0: Polynomial<NTTValues>, c1: Polynomial<NTTValues>) {
        let basis = context.basis(level: level)
        // Every word that held something secret is overwritten with its masked value.
        var c0 = Polynomial<NTTValues>(uninitialized: basis)
        var c1 = Polynomial<NTTValues>(uninitialized: basis)
        for i in 0..<level {
            encrypt(
                x, times: factor, limb: i, basis: basis, seed: seed, stream: 0,
                c0: c0.mutableLimb(i), c1: c1.mutableLimb(i))
        }
        return (c0, c1)
    }

    /// One limb of it, N words each; `stream` tells apart the a of one seed.
    package func encrypt(
        _ x: SecretCoefficients, times factor: Polynomial<NTTValues>, limb: Int, basis: RNSBasis,
        seed: Seed, stream: UInt64, c0: UnsafeMutablePointer<UInt64>,
        c1: UnsafeMutablePointer<UInt64>
    ) {
        let table = basis.tables[limb]
        withExtendedLifetime((factor, negatedSecret)) {
            Samplers.uniform(c1, limb: limb, basis: basis, seed: seed, stream: stream)
            x.values(modulo: table, into: c0)
            table.addProducts(
                c0, factor.limb(limb), negatedSecret.limb(limb), c1, into: c0)
        }
    }
}
