// SPDX-License-Identifier: Apache-2.0

import Ring

/// An encryption of zero that anyone may encrypt with: (b, a), b = -a s + e modulo Q, a from a public seed
/// (Lyubashevsky, Peikert and Regev, eprint 2012/230). It hides s under the RLWE assumption.
///
/// For data of several owners who trust one holder of the secret key. An owner who holds the key itself uses
/// `Encryptor`: half the bytes on the wire and a hundredth of the noise. Plans use that one for samples, so
/// there is no file format for public keys, nor for what is encrypted under them.
public struct PublicKey: Sendable {
    /// The public seed of a.
    package let seed: Seed
    package let context: LatticeContext
    /// Both modulo Q; a ciphertext at level l uses the first l limbs.
    package let b: Polynomial<NTTValues>
    package let a: Polynomial<NTTValues>

    package init(context: LatticeContext, seed: Seed, b: Polynomial<NTTValues>) {
        precondition(b.limbCount == context.maximumLevel)
        self.context = context
        self.seed = seed
        self.b = b
        a = Samplers.uniform(basis: b.basis, seed: seed, stream: 0)
    }
}
