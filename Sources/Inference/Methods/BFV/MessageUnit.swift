// SPDX-License-Identifier: Apache-2.0

import BFV
import BigIntegers

/// The unit modulo t by which slots differ from the network's integers: a product of powers of
/// -Q_l mod t, one a multiplication.
package struct MessageUnit: Sendable, Hashable {
    /// Level to exponent.
    private var exponents: [Int: UInt64] = [:]

    package static let one = MessageUnit()

    /// After a product at `level`.
    package func times(_ other: MessageUnit, level: Int) -> MessageUnit {
        var out = self
        out.exponents.merge(other.exponents) { $0 + $1 }
        out.exponents[level, default: 0] += 1
        return out
    }

    /// Of a product that brings no factor of its own.
    package func times(_ other: MessageUnit) -> MessageUnit {
        var out = self
        out.exponents.merge(other.exponents) { $0 + $1 }
        return out
    }

    /// Its value modulo the plaintext modulus.
    package func value(_ parameters: BFVParameters, plaintextIndex: Int) -> UInt64 {
        let t = parameters.plaintextModuli[plaintextIndex]
        return exponents.reduce(1) { product, entry in
            let q = parameters.modulus(level: entry.key).residue(modulo: t)
            return ModularArithmetic.multiply(
                product, ModularArithmetic.power(t - q, entry.value, modulo: t), modulo: t)
        }
    }
}
