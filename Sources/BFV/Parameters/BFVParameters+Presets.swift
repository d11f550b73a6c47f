// SPDX-License-Identifier: Apache-2.0

import BigIntegers
import Lattice

extension BFVParameters {
    /// Ring degrees that there are presets for.
    package static let presetDegrees = [4096, 8192, 16384]
    /// Sizes of plaintext primes that there are presets for, in bits.
    package static let presetPlaintextBits = 17...30

    /// Parameters of 128-bit security, found from what they are to hold: N slots modulo primes of a size.
    ///
    /// They have 2, 4 or 8 ciphertext moduli, as large as the security table allows: enough for 1, 3 or 7
    /// multiplications in sequence with primes of 17 bits. `multiplicationDepth` says it for the others.
    ///
    /// - Parameters:
    ///   - degree: N, one of `presetDegrees`.
    ///   - plaintextBits: in `presetPlaintextBits`. The t_i are the smallest primes above 2^(`plaintextBits` - 1) that
    ///     fit N; integers are exact modulo their product.
    ///   - plaintextCount: how many t_i there are.
    /// - Throws: an error for anything else, which says what is offered.
    public static func preset(
        degree: Int, plaintextBits: Int, plaintextCount: Int = 1
    ) throws -> BFVParameters {
        guard presetDegrees.contains(degree), presetPlaintextBits.contains(plaintextBits),
            (1...64).contains(plaintextCount),
            let bits = SecurityTable.maximumBits(degree: degree, level: .bits128)
        else { throw ParameterError.preset(degree: degree, plaintextBits: plaintextBits) }
        let count = degree / 2048
        let size = min(49, bits / (count + 1))
        let ciphertext = primes(bits: size, count: count, degree: degree)
        let special = primes(
            bits: min(50, bits - count * size), count: 1, degree: degree,
            excluding: Set(ciphertext))
        let plaintext = Primes.nttPrimes(
            from: 1 << UInt64(plaintextBits - 1), count: plaintextCount,
            congruentTo1Modulo: UInt64(2 * degree))
        return try BFVParameters(
            degree: degree, ciphertextModuli: ciphertext, specialModulus: special[0],
            plaintextModuli: plaintext)
    }

    /// The largest primes of exactly `bits` bits that are 1 modulo 2 `degree`, as all moduli must be, descending; fewer
    /// than `count` where there are no more.
    ///
    /// - Parameters:
    ///   - bits: 11 to 50.
    ///   - degree: N, a power of two.
    /// - Precondition: `bits` in range, `degree` above 0, `count` not below.
    public static func primes(
        bits: Int, count: Int, degree: Int, excluding: Set<UInt64> = []
    ) -> [UInt64] {
        precondition((11...50).contains(bits) && degree > 0 && count >= 0)
        return Primes.nttPrimes(
            bits: bits, count: count, congruentTo1Modulo: UInt64(2 * degree), excluding: excluding)
    }
}
