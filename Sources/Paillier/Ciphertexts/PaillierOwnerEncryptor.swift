// SPDX-License-Identifier: Apache-2.0

import BigIntegers
import Ring
import Threading

/// Encrypts with the factors: masks are h_s^r mod p^2 and h_s^s mod q^2 for uniform r below p - 1 and s below q - 1, both
/// even or both odd, joined by the Chinese remainder theorem. Since 2 is all that p - 1 and q - 1 share, such a mask is a
/// uniform power of h_s mod n^2, of Jacobi symbol 1. Constant time as `PaillierEncryptor`.
public final class PaillierOwnerEncryptor: Sendable {
    package let publicKey: PaillierPublicKey
    package let halves: [OwnerHalf]
    private let ring: NadicRing
    private let pool: WorkerPool

    /// - Parameter threads: how many one call may use, 1 or more.
    public convenience init(secretKey: PaillierSecretKey, threads: Int = 1) {
        self.init(secretKey: secretKey, pool: WorkerPool(threads: threads))
    }

    /// - Parameter pool: may be shared with others.
    package init(secretKey: PaillierSecretKey, pool: WorkerPool) {
        let key = secretKey.publicKey
        self.pool = pool
        publicKey = key
        let ring = NadicRing(modulus: key.modulus, isSecret: true, sharing: key.ring)
        self.ring = ring
        halves = [(secretKey.p, secretKey.q), (secretKey.q, secretKey.p)].map {
            OwnerHalf($0, other: $1, ring: ring, pool: pool)
        }
    }

    /// One ciphertext for each message. Eight or more at once cost least.
    /// - Throws: `plaintextOutOfRange` for |m| > (n - 1) / 2.
    public func encrypt(_ messages: [BigInt]) throws(PaillierError) -> EncryptedVector {
        let generators = try publicKey.generators(messages, ring: ring)
        let masks = Numbers(ring: ring, count: messages.count)
        // The four coordinates mod p^2 and q^2, as numbers mod n^2, times their idempotents.
        let parts = Numbers(ring: ring, count: 4 * messages.count)
        let exponents = halves.map { $0.exponents(messages.count) }
        Self.alignParities(exponents, halves.map(\.table.exponentWords), messages.count)
        for (h, half) in halves.enumerated() {
            half.masks(exponents[h], messages.count, pool: pool, ring: ring) {
                parts[4 * $0 + 2 * h + $1]
            }
        }
        var list = ProductList()
        for i in 0..<4 * messages.count {
            let (half, coordinate) = (i % 4 / 2, i % 2)
            list.append(parts[i], parts[i], halves[half].idempotents[coordinate])
        }
        ring.multiply(list, pool: pool)
        for i in 0..<messages.count {
            ring.add(masks[i], parts[4 * i], parts[4 * i + 1])
            for part in 2..<4 { ring.add(masks[i], masks[i], parts[4 * i + part]) }
        }
        return publicKey.products(generators, masks, ring: ring, pool: pool)
    }

    /// Each exponent of the second half gets the lowest bit of that of the first: below an even bound it stays uniform.
    private static func alignParities(_ exponents: [LimbBuffer], _ words: [Int], _ count: Int) {
        for i in 0..<count {
            let bit = exponents[0].base[i * words[0]] & 1
            exponents[1].base[i * words[1]] = exponents[1].base[i * words[1]] & ~1 | bit
        }
    }
}

/// What belongs to one factor.
package final class OwnerHalf: Sendable {
    private let prime: SecretPrime
    package let table: FixedBase
    /// With E = 1 mod p^2 and 0 mod q^2, S the R of p's ring: E R^2 / S and p E R^2 / S mod n^2, which take the
    /// coordinates of x S to x R.
    let idempotents: Numbers

    init(
        _ prime: SecretPrime, other: SecretPrime, ring: NadicRing, pool: WorkerPool
    ) {
        self.prime = prime
        table = FixedBase(
            ring: prime.ring, base: prime.mask[0], exponentBits: prime.prime.bitLength,
            pool: pool)
        let (p2, q2) = (prime.prime * prime.prime, other.prime * other.prime)
        // R and q are odd and even, p and q different primes: there are inverses.
        let e = q2 * q2.inverse(modulo: p2)!
        let scale = prime.ring.radix.inverse(modulo: ring.square)! * ring.radix * ring.radix
        idempotents = Numbers(ring: ring, count: 2)
        ring.set(idempotents[0], to: e * scale)
        ring.set(idempotents[1], to: prime.prime * e * scale)
    }

    /// Uniform below p - 1.
    func exponents(_ count: Int) -> LimbBuffer {
        let words = table.exponentWords
        let exponents = LimbBuffer(count: max(1, count * words), isSecret: true)
        let bound = prime.prime - 1
        var source = Keystream()
        for i in 0..<count {
            // What is thrown away says nothing of what is kept.
            while true {
                source.words(words).withWords {
                    (exponents.base + i * words).update(from: $0, count: words)
                }
                if BigInt(limbs: exponents.base + i * words, count: words) < bound { break }
            }
        }
        return exponents
    }

    /// out(i, 0) and out(i, 1): the coordinates of mask i mod p^2, each as a number of `ring`.
    func masks(
        _ exponents: LimbBuffer, _ count: Int, pool: WorkerPool, ring: NadicRing,
        out: (Int, Int) -> UnsafeMutablePointer<UInt64>
    ) {
        let small = prime.ring
        let powers = Numbers(ring: small, count: count)
        table.powers(of: exponents.base, count: count, pool: pool) { powers[$0] }
        let coordinates = LimbBuffer(count: 2 * small.limbs, isSecret: true)
        let wide = LimbBuffer(count: 2 * ring.limbs, isSecret: true)
        wide.base.update(repeating: 0, count: 2 * ring.limbs)
        for i in 0..<count {
            small.store(coordinates.base, from: powers[i])
            for c in 0..<2 {
                wide.base.update(from: coordinates.base + c * small.limbs, count: small.limbs)
                ring.load(out(i, c), from: wide.base)
            }
        }
        withExtendedLifetime((exponents, coordinates, wide)) {}
    }
}
