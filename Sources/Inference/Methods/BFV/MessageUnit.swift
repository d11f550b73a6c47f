// SPDX-License-Identifier: Apache-2.0

import BFV
import BigIntegers

/// The unit modulo t by which slots differ from the network's integers: a product of powers of
/// -Q_l mod t, one a multiplication.
package struct MessageUnit: Sendable, Hashable {
    /// Level to exponent, none of them 0.
    private var exponents: [Int: Int64] = [:]

    package static let one = MessageUnit()

    /// After a product at `level`.
    package func times(_ other: MessageUnit, level: Int) -> MessageUnit {
        var out = times(other)
        out.add(1, level: level)
        return out
    }

    /// Of a product that brings no factor of its own.
    package func times(_ other: MessageUnit) -> MessageUnit {
        var out = self
        for (level, exponent) in other.exponents { out.add(exponent, level: level) }
        return out
    }

    /// What times `other` is this.
    package func over(_ other: MessageUnit) -> MessageUnit {
        var out = self
        for (level, exponent) in other.exponents { out.add(-exponent, level: level) }
        return out
    }

    private mutating func add(_ exponent: Int64, level: Int) {
        let sum = exponents[level, default: 0] + exponent
        exponents[level] = sum == 0 ? nil : sum
    }

    /// Its value modulo the plaintext modulus.
    package func value(_ parameters: BFVParameters, plaintextIndex: Int) -> UInt64 {
        let t = parameters.plaintextModuli[plaintextIndex]
        return exponents.reduce(1) { product, entry in
            let q = parameters.modulus(level: entry.key).residue(modulo: t)
            let power = ModularArithmetic.power(t - q, entry.value.magnitude, modulo: t)
            return ModularArithmetic.multiply(
                product,
                entry.value > 0 ? power : ModularArithmetic.inverse(power, modulo: t)!, modulo: t)
        }
    }
}
