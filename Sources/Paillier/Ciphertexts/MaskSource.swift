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

/// Encryptions of 0 under a public key: h_s^r for fresh r, and where they go on what others encrypted, h_s^r z^(n b) for a
/// fair coin b, z of Jacobi symbol -1 modulo n.
///
/// h_s has symbol 1, so that h_s^r alone would leave a ciphertext its symbol: that of a sum is the product of those of its
/// terms with odd weights, which tells anyone the weights' parities. Both encryptors draw from the powers of h_s alone,
/// but ciphertexts may come from elsewhere.
package final class MaskSource: Sendable {
    package let publicKey: PaillierPublicKey
    /// Mod n^2, wiped after use.
    package let ring: NadicRing
    package let table: FixedBase
    /// 1 and z^n, in Montgomery form; nil where no coin is tossed.
    private let coins: Numbers?

    /// - Parameters:
    ///   - functionPrivacyBits: where it isn't 0, exponents have so many bits more than n, whatever `exponent` says: a
    ///     mask is then a uniform power of h_s up to a statistical distance of 2^-(functionPrivacyBits + 3).
    ///   - tossesCoins: for masks of what others encrypted.
    package init(
        publicKey: PaillierPublicKey, exponent: PaillierMaskExponent,
        functionPrivacyBits: Int = 0, tossesCoins: Bool, pool: WorkerPool
    ) {
        precondition((0...256).contains(functionPrivacyBits), "function privacy of 0 to 256 bits")
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
            ring: ring, base: publicKey.mask[0],
            exponentBits: functionPrivacyBits > 0
                ? publicKey.size.bits + functionPrivacyBits : bits,
            pool: pool)
        guard tossesCoins else {
            coins = nil
            return
        }
        let coins = Numbers(ring: ring, count: 2)
        let n = publicKey.modulus
        let z = Numbers(ring: ring, count: 1)
        // No z is found where n is a square: such a key hides nothing.
        ring.set(z[0], to: BigInt(Jacobi.leastOfSymbolMinusOne(modulo: n) ?? 1) * ring.radix)
        ring.raise(z, to: Exponent(n, bits: n.bitLength, isSecret: false), pool: pool)
        ring.set(coins[0], to: ring.radix)
        coins[1].update(from: z[0], count: ring.stride)
        withExtendedLifetime(z) {}
        self.coins = coins
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
        if let coins { toss(coins, on: out, pool: pool) }
        return out
    }

    /// Times z^n or 1, each as likely. Both are read for each.
    private func toss(_ coins: Numbers, on masks: Numbers, pool: WorkerPool) {
        let factors = Numbers(ring: ring, count: masks.count)
        var source = Keystream()
        var list = ProductList()
        for start in stride(from: 0, to: masks.count, by: 64) {
            source.words(1).withWords { coin in
                for i in start..<min(start + 64, masks.count) {
                    let mask = 0 &- (coin[0] >> UInt64(i - start) & 1)
                    for word in 0..<ring.stride {
                        let one = coins[0][word]
                        factors[i][word] = one ^ (mask & (one ^ coins[1][word]))
                    }
                }
            }
        }
        for i in 0..<masks.count { list.append(masks[i], masks[i], factors[i]) }
        withExtendedLifetime(factors) { ring.multiply(list, pool: pool) }
    }
}
