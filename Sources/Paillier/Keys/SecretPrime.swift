// SPDX-License-Identifier: Apache-2.0

import BigIntegers
import Ring

/// One factor p of n = p q, with what decryption needs mod p^2.
package final class SecretPrime: Sendable {
    package let prime: BigInt
    package let ring: NadicRing
    /// h_s mod p^2, in Montgomery form.
    let mask: Numbers
    /// p - 1.
    let exponent: Exponent
    /// B^i n^j R^2 mod p^2 for (i, j) = (0, 0), (1, 0), (0, 1), (1, 1), B = 2^|p|: with them a ciphertext comes from
    /// its halves.
    let halves: Numbers
    /// -1/q mod p, and the same over q: with (1 + n)^(p-1) = 1 - q p (mod p^2) a plaintext mod p comes from a power.
    let factor: BigInt
    let factorOverOther: BigInt
    /// (1/q) R mod p^2 in its first coordinate.
    let inverseOfOther: Numbers

    /// - Parameters:
    ///   - other: q.
    ///   - mask: h_s.
    init(_ p: BigInt, other q: BigInt, mask h: BigInt) {
        prime = p
        let ring = NadicRing(modulus: p, isSecret: true)
        self.ring = ring
        let square = ring.radix * ring.radix
        let half = BigInt(1) << p.bitLength
        halves = Numbers(ring: ring, count: 4)
        for (i, value) in [1, half, p * q, half * p * q].enumerated() {
            ring.set(halves[i], to: value * square)
        }
        mask = ring.constant(h * ring.radix)
        exponent = Exponent(p - 1, bits: p.bitLength, isSecret: true)
        // Two different primes have inverses of each other.
        let inverse = q.inverse(modulo: p)!
        factor = p - inverse
        factorOverOther = (factor * inverse).modulo(p)
        inverseOfOther = ring.constant(inverse * ring.radix)
    }

    /// Whether h is an n-th power mod p^2, and generates the group of them up to cofactors whose primes are above 2^16.
    func hasOrder(_ h: BigInt) -> Bool {
        let square = prime * prime
        let order = prime - 1
        if h.powerConstantTime(order, modulus: square) != 1 { return false }
        let base = h.modulo(prime)
        return SmallPrimes.upTo65535.allSatisfy { small in
            order.residue(modulo: UInt64(small)) != 0
                || base.powerConstantTime(order / BigInt(small), modulus: prime) != 1
        }
    }
}
