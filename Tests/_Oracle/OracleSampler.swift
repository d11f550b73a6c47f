// SPDX-License-Identifier: Apache-2.0

import BigIntegers

/// The oracle's randomness, from a generator that tests can repeat. Never for real keys.
package enum OracleSampler {
    /// Uniform in 0..<modulus.
    package static func uniform(
        degree: Int, modulus: BigInt, using generator: inout some RandomNumberGenerator
    ) -> BigPolynomial {
        let bits = modulus.bitLength
        return BigPolynomial(
            (0..<degree).map { _ -> BigInt in
                while true {
                    var words = BigInt()
                    for _ in 0..<(bits + 63) / 64 {
                        words = (words << 64) + BigInt(generator.next())
                    }
                    let candidate = words >> ((bits + 63) / 64 * 64 - bits)
                    if candidate < modulus { return candidate }
                }
            })
    }

    /// Uniform in {-1, 0, 1}.
    package static func ternary(
        degree: Int, using generator: inout some RandomNumberGenerator
    ) -> BigPolynomial {
        BigPolynomial((0..<degree).map { _ in Int.random(in: -1...1, using: &generator) })
    }

    /// Centered binomial of 21 coin pairs, as the fast path's: in [-21, 21].
    package static func error(
        degree: Int, using generator: inout some RandomNumberGenerator
    ) -> BigPolynomial {
        BigPolynomial(
            (0..<degree).map { _ in
                let word = generator.next()
                let (plus, minus) = (word & 0x1F_FFFF, word >> 21 & 0x1F_FFFF)
                return plus.nonzeroBitCount - minus.nonzeroBitCount
            })
    }
}
