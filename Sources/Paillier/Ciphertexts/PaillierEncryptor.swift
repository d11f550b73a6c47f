// SPDX-License-Identifier: Apache-2.0

import BigIntegers
import Ring
import Threading

/// Encrypts under a public key: (1 + m n) h_s^r mod n^2. Constant time but for the lengths and signs of the messages,
/// which are `BigInt`s.
///
/// Making one computes a table of some megabytes (2048 bits: 12, 3072: 27 with AVX-512), in some tens of milliseconds.
public final class PaillierEncryptor: Sendable {
    package let publicKey: PaillierPublicKey
    package let source: MaskSource
    private let pool: WorkerPool

    /// - Parameters:
    ///   - exponent: which exponents masks are drawn from; the default assumes no more than the scheme does.
    ///   - threads: how many one call may use, 1 or more.
    public init(
        publicKey: PaillierPublicKey, exponent: PaillierMaskExponent = .half, threads: Int = 1
    ) {
        self.publicKey = publicKey
        pool = WorkerPool(threads: threads)
        source = MaskSource(
            publicKey: publicKey, exponent: exponent, tossesCoins: false, pool: pool)
    }

    /// One ciphertext for each message. Eight or more at once cost least.
    /// - Throws: `plaintextOutOfRange` for |m| > (n - 1) / 2.
    public func encrypt(_ messages: [BigInt]) throws(PaillierError) -> EncryptedVector {
        let generators = try publicKey.generators(messages, ring: source.ring)
        let masks = source.masks(messages.count, pool: pool)
        return publicKey.products(generators, masks, ring: source.ring, pool: pool)
    }

    /// The same, with masks r^n for r uniform mod n: Paillier's own form. Some ten times slower.
    package func encryptWithPlainMasks(
        _ messages: [BigInt]
    ) throws(PaillierError) -> EncryptedVector {
        let ring = source.ring
        let n = publicKey.modulus
        let generators = try publicKey.generators(messages, ring: ring)
        let masks = Numbers(ring: ring, count: messages.count)
        let toMontgomery = ring.constant(ring.radix * ring.radix)
        var random = Keystream()
        for i in 0..<messages.count {
            // Anything that isn't uniform is below 2^-64. Not invertible: as rare as guessing a factor.
            let r = random.words(ring.limbs + 1).withWords {
                BigInt(limbs: $0, count: ring.limbs + 1)
            }
            ring.set(masks[i], r.modulo(n), 0)
            ring.multiply(masks[i], masks[i], toMontgomery[0])
        }
        ring.raise(masks, to: Exponent(n, bits: n.bitLength, isSecret: false), pool: pool)
        return publicKey.products(generators, masks, ring: ring, pool: pool)
    }
}

extension PaillierPublicKey {
    /// Ciphertexts: plain numbers times masks in Montgomery form.
    func products(
        _ generators: Numbers, _ masks: Numbers, ring secret: NadicRing, pool: WorkerPool
    ) -> EncryptedVector {
        let out = Numbers(ring: ring, count: generators.count)
        var list = ProductList()
        for i in 0..<generators.count { list.append(out[i], generators[i], masks[i]) }
        withExtendedLifetime((generators, masks)) { secret.multiply(list, pool: pool) }
        return EncryptedVector(publicKey: self, numbers: out)
    }
}
