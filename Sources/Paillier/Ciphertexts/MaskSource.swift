// SPDX-License-Identifier: Apache-2.0

import BigIntegers
import CKernels
import Ring
import Threading

/// How long the exponent r of a mask h_s^r is.
public enum PaillierMaskExponent: Hashable, Sendable {
    /// |n|/2 bits, as Damgard, Jurik and Nielsen have it: safe if factoring n is hard.
    case half
    /// This many bits, 2 x 128 for 128-bit security: assumes further that h_s^r for so short an r can't be told from
    /// h_s^r for a long one (a short discrete logarithm in a group of unknown order). Several times faster.
    case assumingShortExponents(bits: Int)
}

/// Encryptions of 0 under a public key: h_s^r for fresh r.
package final class MaskSource: Sendable {
    package let publicKey: PaillierPublicKey
    /// Mod n^2, wiped after use.
    package let ring: NadicRing
    package let table: FixedBase

    package init(
        publicKey: PaillierPublicKey, exponent: PaillierMaskExponent,
        pool: WorkerPool
    ) {
        self.publicKey = publicKey
        ring = NadicRing(modulus: publicKey.modulus, isSecret: true, sharing: publicKey.ring)
        let half = publicKey.size.bits / 2
        let bits: Int
        switch exponent {
        case .half: bits = half
        case .assumingShortExponents(let short):
            precondition(short >= 224, "224 bits at least, for 112-bit security")
            bits = min(short, half)
        }
        table = FixedBase(
            ring: ring, base: publicKey.mask[0], exponentBits: bits, pool: pool)
    }

    /// `count` masks in Montgomery form.
    package func masks(_ count: Int, pool: WorkerPool) -> Numbers {
        let out = Numbers(ring: ring, count: count)
        let words = table.exponentWords
        let exponents = LimbBuffer(count: max(1, count * words), isSecret: true)
        var source = Keystream()
        source.words(max(1, count * words)).withWords {
            exponents.base.update(from: $0, count: count * words)
        }
        table.powers(of: exponents.base, count: count, pool: pool) { out[$0] }
        withExtendedLifetime(exponents) {}
        return out
    }
}
