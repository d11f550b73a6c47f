// SPDX-License-Identifier: Apache-2.0

import BigIntegers
import Ring
import Threading

/// Computes on ciphertexts with the public key only.
///
/// Whatever leaves should be re-randomized: a client knows the randomness of its own ciphertexts, and a product of
/// their powers without a fresh mask tells it the weights. `multiply` does it by itself; sums are, by `rerandomize`.
public final class PaillierEvaluator: Sendable {
    package let publicKey: PaillierPublicKey
    package let masks: PaillierMaskPool
    let pool: WorkerPool

    /// Computes the tables of masks, as `PaillierEncryptor` does.
    ///
    /// - Parameters:
    ///   - exponent: which exponents masks are drawn from, where no function privacy is asked for.
    ///   - functionPrivacyBits: 0, or 40 to 80 and beyond: what leaves then tells the holder of the secret key nothing
    ///     but plaintexts, up to a statistical distance of 2^-functionPrivacyBits a ciphertext, if the key and the
    ///     ciphertexts were made by this library. Masks take twice the time, tables twice the memory.
    ///   - threads: how many one call may use, 1 or more.
    public convenience init(
        publicKey: PaillierPublicKey, exponent: PaillierMaskExponent = .half,
        functionPrivacyBits: Int = 0, threads: Int = 1
    ) {
        self.init(
            publicKey: publicKey, exponent: exponent, functionPrivacyBits: functionPrivacyBits,
            pool: WorkerPool(threads: threads))
    }

    /// - Parameter pool: may be shared with others.
    package init(
        publicKey: PaillierPublicKey, exponent: PaillierMaskExponent = .half,
        functionPrivacyBits: Int = 0, pool: WorkerPool
    ) {
        self.publicKey = publicKey
        self.pool = pool
        masks = PaillierMaskPool(
            source: MaskSource(
                publicKey: publicKey, exponent: exponent,
                functionPrivacyBits: functionPrivacyBits, tossesCoins: true, pool: pool))
    }

    /// Makes masks ahead, until there are `count`: what leaves takes one a ciphertext and then costs its products alone.
    /// Each is used once; they stay in memory, and a child of a fork has none of them. Without them masks are made when
    /// they are needed.
    public func fillMasks(to count: Int) { masks.fill(to: count, pool: pool) { _ in } }

    /// Ciphertexts of a_i + b_i mod n.
    public func add(
        _ a: EncryptedVector, _ b: EncryptedVector
    ) throws(PaillierError) -> EncryptedVector {
        try check(a)
        try check(b, count: a.count)
        return a.adding(b, pool: pool)
    }

    /// Ciphertexts of a_i + m_i mod n. The messages are not secret from whoever has both; `rerandomize` hides them.
    public func add(_ a: EncryptedVector, plain: [BigInt]) throws(PaillierError) -> EncryptedVector
    {
        try check(a, count: plain.count)
        let ring = publicKey.ring
        let numbers = Numbers(ring: ring, count: plain.count)
        for (i, m) in plain.enumerated() {
            ring.set(numbers[i], BigInt(1), m.modulo(ring.modulus))
        }
        return combine(a.numbers, numbers, exponent: a.radixExponent - 1, a, a)
    }

    /// Fresh ciphertexts of the same plaintexts. Who has no secret key can't tell which old one a new one comes from; who
    /// has it can by the plaintexts, and without function privacy could by more, with much work.
    public func rerandomize(_ a: EncryptedVector) throws(PaillierError) -> EncryptedVector {
        try check(a)
        return combine(
            a.numbers, masks.take(a.count, pool: pool), exponent: a.radixExponent, a, a,
            ring: masks.source.ring)
    }

    private func combine(
        _ a: Numbers, _ b: Numbers, exponent: Int, _ x: EncryptedVector, _ y: EncryptedVector,
        ring: NadicRing? = nil
    ) -> EncryptedVector {
        let out = Numbers(ring: publicKey.ring, count: a.count)
        var list = ProductList()
        for i in 0..<a.count { list.append(out[i], a[i], b[i]) }
        withExtendedLifetime((a, b, x, y)) {
            (ring ?? publicKey.ring).multiply(list, pool: pool)
        }
        return EncryptedVector(publicKey: publicKey, numbers: out, radixExponent: exponent)
    }

    func check(_ a: EncryptedVector, count: Int? = nil) throws(PaillierError) {
        guard a.publicKey == publicKey else { throw .otherKey }
        if let count, a.count != count {
            throw .countMismatch(expected: count, found: a.count)
        }
    }
}
