// SPDX-License-Identifier: Apache-2.0

import Ring

/// A BFV ciphertext modulo Q_l, in NTT form: c_0 + c_1 s (+ c_2 s^2) = round(Q_l m / t) + e.
public struct Ciphertext: Sendable {
    /// Two polynomials, or three before relinearization, all over the first `level` moduli.
    package var polynomials: [Polynomial<NTTValues>]
    /// Which plaintext modulus t_i it is for.
    package let plaintextIndex: Int
    /// The seed of c_1 where it came from one; nil once anything was computed.
    package let seed: Seed?

    package init(
        polynomials: [Polynomial<NTTValues>], plaintextIndex: Int, seed: Seed? = nil
    ) {
        precondition(polynomials.count == 2 || polynomials.count == 3)
        self.polynomials = polynomials
        self.plaintextIndex = plaintextIndex
        self.seed = seed
    }

    /// The number of moduli it has left.
    public var level: Int { polynomials[0].limbCount }

    package var basis: RNSBasis { polynomials[0].basis }

    /// A seeded ciphertext with c_1 expanded anew: what a receiver of (c_0, seed) rebuilds.
    package static func expand(
        c0: Polynomial<NTTValues>, seed: Seed, plaintextIndex: Int
    ) -> Ciphertext {
        let c1: Polynomial<NTTValues> = Samplers.uniform(basis: c0.basis, seed: seed, stream: 0)
        return Ciphertext(polynomials: [c0, c1], plaintextIndex: plaintextIndex, seed: seed)
    }
}
