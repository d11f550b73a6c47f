// SPDX-License-Identifier: Apache-2.0

import BFV
import BigIntegers

/// The textbook's key switching key (Fan and Vercauteren, version 1): encryptions under s of w^j s',
/// base w = 2^digitBits, j below the number of digits of Q.
package struct OracleSwitchingKey: Sendable {
    package let digitBits: Int
    /// (b_j, a_j) with b_j + a_j s = e_j + w^j s' mod Q.
    package let pairs: [(b: BigPolynomial, a: BigPolynomial)]
}

extension OracleBFV {
    /// A key from `source` (s') to the secret.
    package func switchingKey(
        from source: BigPolynomial, digitBits: Int,
        using generator: inout some RandomNumberGenerator
    ) -> OracleSwitchingKey {
        let count = (modulus.bitLength + digitBits - 1) / digitBits
        let pairs = (0..<count).map { j in
            let a = OracleSampler.uniform(degree: degree, modulus: modulus, using: &generator)
            let e = OracleSampler.error(degree: degree, using: &generator)
            let b = e - a * secret + (BigInt(1) << (j * digitBits)) * source
            return (b: b.modulo(modulus), a: a)
        }
        return OracleSwitchingKey(digitBits: digitBits, pairs: pairs)
    }

    /// (sum d_j b_j, sum d_j a_j) for the digits d_j of p: a ciphertext of p s'.
    package func switched(
        _ p: BigPolynomial, with key: OracleSwitchingKey
    ) -> (BigPolynomial, BigPolynomial) {
        var rest = p.modulo(modulus)
        let base = BigInt(1) << key.digitBits
        var sum0 = BigPolynomial([Int](repeating: 0, count: degree))
        var sum1 = sum0
        for (b, a) in key.pairs {
            let digit = rest.modulo(base)
            sum0 = sum0 + digit * b
            sum1 = sum1 + digit * a
            rest = rest.map { $0 >> key.digitBits }
        }
        return (sum0, sum1)
    }

    /// Two parts again. The key is from s^2.
    package func relinearize(
        _ c: OracleCiphertext, with key: OracleSwitchingKey
    ) -> OracleCiphertext {
        precondition(c.parts.count == 3)
        let (d0, d1) = switched(c.parts[2], with: key)
        return reduced([c.parts[0] + d0, c.parts[1] + d1])
    }

    /// The ciphertext of the message under X -> X^k. The key is from s(X^k).
    package func automorphism(
        _ c: OracleCiphertext, _ k: Int, with key: OracleSwitchingKey
    ) -> OracleCiphertext {
        precondition(c.parts.count == 2)
        let (d0, d1) = switched(c.parts[1].automorphism(k), with: key)
        return reduced([c.parts[0].automorphism(k) + d0, d1])
    }
}
