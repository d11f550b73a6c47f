// SPDX-License-Identifier: Apache-2.0

import BigIntegers

extension BFVContext {
    /// -Q_l mod t: what a product of two ciphertexts at level l is multiplied by besides, in every slot. A unit modulo
    /// t.
    package func productFactor(plaintextIndex: Int = 0, level: Int) -> UInt64 {
        plaintexts[plaintextIndex].multiplicationFactor(level: level)
    }

    /// Slots divided by the factor of a product at `level`, modulo t: of one operand before it is encrypted, or of what
    /// was decrypted. Either makes up for the factor.
    public func withoutProductFactor(
        _ slots: [UInt64], plaintextIndex: Int = 0, level: Int
    ) -> [UInt64] {
        let t = parameters.plaintextModuli[plaintextIndex]
        let factor = productFactor(plaintextIndex: plaintextIndex, level: level)
        let inverse = ModularArithmetic.inverse(factor, modulo: t)!
        return slots.map { ModularArithmetic.multiply($0 % t, inverse, modulo: t) }
    }
}
