// SPDX-License-Identifier: Apache-2.0

/// Tests for primes and searches for them.
package enum Primes {
    /// Exact for every 64-bit number: Miller-Rabin to the first twelve primes as bases
    /// (Sorenson and Webster, 2015: enough below 3.3 * 10^24).
    package static func isPrime(_ n: UInt64) -> Bool {
        let bases: [UInt64] = [2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37]
        for p in bases where n % p == 0 { return n == p }
        if n < 2 { return false }
        let twos = (n - 1).trailingZeroBitCount
        let odd = (n - 1) >> twos
        return bases.allSatisfy { base in
            var x = ModularArithmetic.power(base, odd, modulo: n)
            if x == 1 || x == n - 1 { return true }
            for _ in 1..<max(twos, 1) {
                x = ModularArithmetic.multiply(x, x, modulo: n)
                if x == n - 1 { return true }
            }
            return false
        }
    }

    /// The largest primes of exactly `bits` bits that are 1 mod `step`, descending; fewer than `count` where there
    /// are no more. `bits` is in 2...63; for an NTT of length N, `step` is 2N.
    package static func nttPrimes(
        bits: Int, count: Int, congruentTo1Modulo step: UInt64, excluding: Set<UInt64> = []
    ) -> [UInt64] {
        precondition((2...63).contains(bits) && count >= 0 && step > 0)
        let (low, high) = (UInt64(1) << (bits - 1), UInt64(1) << bits)
        var found: [UInt64] = []
        var candidate = (high - 2) / step * step + 1
        while found.count < count && candidate >= low {
            if isPrime(candidate) && !excluding.contains(candidate) { found.append(candidate) }
            guard candidate > step else { break }
            candidate -= step
        }
        return found
    }

    /// The smallest primes in floor..<ceiling that are 1 mod `step`, ascending; fewer than `count` where there are
    /// no more. `ceiling` is at most 2^63.
    package static func nttPrimes(
        from floor: UInt64, below ceiling: UInt64 = 1 << 63, count: Int,
        congruentTo1Modulo step: UInt64, excluding: Set<UInt64> = []
    ) -> [UInt64] {
        precondition(count >= 0 && step > 0 && step < 1 << 63 && ceiling <= 1 << 63)
        var found: [UInt64] = []
        guard floor < ceiling else { return found }
        var candidate = (max(floor, 2) - 2) / step * step + 1
        while candidate < floor { candidate += step }
        while found.count < count && candidate < ceiling {
            if isPrime(candidate) && !excluding.contains(candidate) { found.append(candidate) }
            candidate += step
        }
        return found
    }

    /// A random prime of exactly `bits` bits by rejection: uniform among the odd numbers with the top two bits set,
    /// until one is prime (so a product of two has exactly the sum of their bits).
    /// - Parameters:
    ///   - bits: at least 16.
    ///   - randomBytes: gives that many fresh random bytes; a cryptographic generator where the prime is a secret.
    ///   - accepting: a further condition, such as a greatest common divisor; asked of composites too.
    package static func randomPrime(
        bits: Int, randomBytes: (Int) throws -> [UInt8],
        accepting: (BigInt) -> Bool = { _ in true }
    ) rethrows -> BigInt {
        precondition(bits >= 16 && bits <= 1 << 16, "bits must be in 16...65536")
        let count = (bits + 7) / 8
        while true {
            var bytes = try randomBytes(count)
            precondition(bytes.count == count, "generator gave the wrong number of bytes")
            bytes[0] |= 1
            bytes[count - 1] &= 0xFF >> UInt8(count * 8 - bits)
            for bit in [bits - 1, bits - 2] { bytes[bit / 8] |= 1 << UInt8(bit % 8) }
            let candidate = BigInt(littleEndianBytes: bytes)
            bytes.wipe()
            // The cheapest first: candidates are above the small factors.
            if !SmallFactors.divide(candidate), accepting(candidate),
                candidate.isProbablePrime(rounds: 40)
            {
                return candidate
            }
        }
    }
}
