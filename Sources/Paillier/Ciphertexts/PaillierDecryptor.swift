// SPDX-License-Identifier: Apache-2.0

import BigIntegers
import CGMP
import Ring
import Threading

/// Decrypts with the factors: c^(p-1) mod p^2 and c^(q-1) mod q^2, joined by the Chinese remainder theorem. Constant
/// time, up to the plaintexts as `BigInt`s.
///
/// A single mistake mod p only would give the factors away to whoever sees the plaintext. So with every batch goes one
/// more ciphertext, a random combination of the others, and nothing is released unless the plaintexts combine to its
/// own (`FaultCheck`).
public final class PaillierDecryptor: Sendable {
    package let secretKey: PaillierSecretKey
    private let pool: WorkerPool

    /// - Parameter threads: how many one call may use, 1 or more.
    public convenience init(secretKey: PaillierSecretKey, threads: Int = 1) {
        self.init(secretKey: secretKey, pool: WorkerPool(threads: threads))
    }

    /// - Parameter pool: may be shared with others.
    package init(secretKey: PaillierSecretKey, pool: WorkerPool) {
        self.secretKey = secretKey
        self.pool = pool
    }

    /// The plaintexts, in (-n/2, n/2). Eight or more at once cost least.
    /// - Throws: `otherKey`, `faultDetected`.
    public func decrypt(_ vector: EncryptedVector) throws(PaillierError) -> [BigInt] {
        let key = secretKey.publicKey
        guard vector.publicKey == key else { throw .otherKey }
        if vector.count == 0 { return [] }
        let check = FaultCheck(vector.normalized(pool: pool), pool: pool)
        let plaintexts = try decryptUnchecked(check.extended)
        guard check.holds(plaintexts) else { throw .faultDetected }
        return Array(plaintexts.dropLast())
    }

    /// Plaintexts of ciphertexts that are held themselves.
    private func decryptUnchecked(_ vector: EncryptedVector) throws(PaillierError) -> [BigInt] {
        let key = secretKey.publicKey
        let count = vector.count
        let words = halves(of: vector)
        let h = secretKey.p.ring.limbs
        let p = try residues(words, count, secretKey.p, secretKey.p.factor)
        let q = try residues(words, count, secretKey.q, secretKey.q.factorOverOther)
        if let fault = FaultCheck.injected { p.base[fault * h] ^= 2 }
        // m mod p, over p mod q.
        let crossed = crossed(p, count)

        let primes = LimbBuffer(count: 2 * h, isSecret: true)
        secretKey.p.prime.copyLimbs(to: primes.base, count: h)
        secretKey.q.prime.copyLimbs(to: primes.base + h, count: h)
        let scratch = LimbBuffer(count: Int(bsg_join_scratch(mp_size_t(h))), isSecret: true)
        let message = LimbBuffer(count: 2 * h, isSecret: true)
        let limit = key.maximumPlaintext
        return withExtendedLifetime((p, q, crossed, primes, scratch)) {
            (0..<count).map { i in
                bsg_join(
                    NadicRing.limbPointer(message.base), limbs(p, i * h), limbs(q, i * h),
                    limbs(crossed, i * h), limbs(primes, 0), limbs(primes, h), mp_size_t(h),
                    NadicRing.limbPointer(scratch.base))
                let value = BigInt(limbs: message.base, count: 2 * h)
                return value > limit ? value - key.modulus : value
            }
        }
    }

    private func limbs(_ buffer: LimbBuffer, _ offset: Int) -> UnsafePointer<UInt> {
        NadicRing.limbPointer(UnsafePointer(buffer.base + offset))
    }

    /// Both coordinates of each ciphertext, in limbs: four halves.
    private func halves(of vector: EncryptedVector) -> LimbBuffer {
        let ring = secretKey.publicKey.ring
        let words = LimbBuffer(count: vector.count * 2 * ring.limbs)
        for i in 0..<vector.count {
            ring.store(words.base + i * 2 * ring.limbs, from: vector.numbers[i])
        }
        return words
    }

    /// factor * m / (its own factor) mod p for each ciphertext: h limbs each.
    private func residues(
        _ words: LimbBuffer, _ count: Int, _ prime: SecretPrime, _ factor: BigInt
    ) throws(PaillierError) -> LimbBuffer {
        let ring = prime.ring
        let h = ring.limbs
        let parts = Numbers(ring: ring, count: 4 * count)
        let powers = Numbers(ring: ring, count: count)
        let wide = LimbBuffer(count: 2 * h, isSecret: true)
        wide.base.update(repeating: 0, count: 2 * h)
        var list = ProductList()
        for i in 0..<4 * count {
            wide.base.update(from: words.base + i * h, count: h)
            (wide.base + h).update(repeating: 0, count: h)
            ring.loadUnreduced(parts[i], from: wide.base)
            list.append(parts[i], parts[i], prime.halves[i % 4])
        }
        ring.multiply(list, pool: pool)
        for i in 0..<count {
            ring.add(powers[i], parts[4 * i], parts[4 * i + 1])
            for part in 2..<4 { ring.add(powers[i], powers[i], parts[4 * i + part]) }
        }
        ring.raise(powers, to: prime.exponent, pool: pool)

        // (1 + L p) factor, out of Montgomery form.
        let plain = Numbers(ring: ring, count: 1)
        ring.set(plain[0], factor, 0)
        list.removeAll()
        for i in 0..<count { list.append(powers[i], powers[i], plain[0]) }
        ring.multiply(list, pool: pool)
        let out = LimbBuffer(count: count * h, isSecret: true)
        let expected = LimbBuffer(count: h, isSecret: true)
        factor.copyLimbs(to: expected.base, count: h)
        var difference: UInt64 = 0
        for i in 0..<count {
            ring.store(wide.base, from: powers[i])
            for w in 0..<h { difference |= wide.base[w] ^ expected.base[w] }
            (out.base + i * h).update(from: wide.base + h, count: h)
        }
        withExtendedLifetime((words, plain, wide, expected)) {}
        // Fermat: the power is 1 mod p, if all is well.
        if difference != 0 { throw .faultDetected }
        return out
    }

    /// (m mod p) / p mod q.
    private func crossed(_ p: LimbBuffer, _ count: Int) -> LimbBuffer {
        let ring = secretKey.q.ring
        let h = ring.limbs
        let numbers = Numbers(ring: ring, count: count)
        let wide = LimbBuffer(count: 2 * h, isSecret: true)
        wide.base.update(repeating: 0, count: 2 * h)
        var list = ProductList()
        for i in 0..<count {
            wide.base.update(from: p.base + i * h, count: h)
            (wide.base + h).update(repeating: 0, count: h)
            ring.loadUnreduced(numbers[i], from: wide.base)
            list.append(numbers[i], numbers[i], secretKey.q.inverseOfOther[0])
        }
        ring.multiply(list, pool: pool)
        let out = LimbBuffer(count: count * h, isSecret: true)
        for i in 0..<count {
            ring.store(wide.base, from: numbers[i])
            (out.base + i * h).update(from: wide.base, count: h)
        }
        withExtendedLifetime((p, wide)) {}
        return out
    }
}

extension NadicRing {
    /// As `load`, for coordinates below 2n, which `words` then has reduced.
    func loadUnreduced(
        _ number: UnsafeMutablePointer<UInt64>, from words: UnsafeMutablePointer<UInt64>
    ) {
        withScratch { scratch in
            withUnsafePointer(to: scalar) {
                bsg_nadic_canonical($0, Self.limbPointer(words), 0, 0, scratch)
            }
        }
        load(number, from: words)
    }
}
