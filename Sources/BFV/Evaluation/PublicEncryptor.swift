// SPDX-License-Identifier: Apache-2.0

import Lattice
import Ring

/// Encrypts slots under a public key, for those who don't hold the secret key. Constant time in the slots and in
/// what is drawn.
///
/// What it makes decrypts and computes like any other ciphertext, but starts with more noise
/// (`NoiseModel.freshPublic`) than plans are certified for, and has no seed: both its polynomials must be sent.
public struct PublicEncryptor: Sendable {
    private let context: BFVContext
    private let key: PublicKey

    /// - Precondition: the key is of the context's lattice.
    public init(context: BFVContext, publicKey: PublicKey) {
        precondition(publicKey.context.parameters == context.parameters.lattice)
        self.context = context
        key = publicKey
    }

    /// c = (b u + e_0 + round(Q m / pi), a u + e_1), u uniform ternary, e_i centered binomial, all fresh.
    ///
    /// - Parameters:
    ///   - slots: a value in [0, t) for each.
    ///   - plaintextIndex: which t_i.
    ///   - level: how many moduli it has, in 1...`maximumLevel`; all by default.
    public func encrypt(
        slots: [UInt64], plaintextIndex: Int = 0, level: Int? = nil
    ) -> Ciphertext {
        var source = Keystream()
        return encrypt(
            slots: slots, plaintextIndex: plaintextIndex,
            level: level ?? context.maximumLevel, source: &source)
    }

    /// The same with u and the errors drawn from `source`, for tests: who knows it reads the message.
    package func encrypt(
        slots: [UInt64], plaintextIndex: Int, level: Int, source: inout Keystream
    ) -> Ciphertext {
        let (c0, c1) = key.encrypt(
            times: context.plaintexts[plaintextIndex].inverse, level: level, source: &source
        ) { source in
            context.scaledWithError(
                slots, plaintextIndex: plaintextIndex, level: level, errors: &source)
        }
        return Ciphertext(polynomials: [c0, c1], plaintextIndex: plaintextIndex)
    }
}
