// SPDX-License-Identifier: Apache-2.0

import BFV
import BigIntegers

/// Integer slots to residues modulo t, times a unit: shared by every evaluator, so that they can't differ.
package struct ResidueSlots: Sendable {
    let parameters: BFVParameters
    let plaintextIndex: Int

    /// One of each t_i.
    package static func all(_ parameters: BFVParameters) -> [ResidueSlots] {
        parameters.plaintextModuli.indices.map {
            ResidueSlots(parameters: parameters, plaintextIndex: $0)
        }
    }

    var modulus: UInt64 { parameters.plaintextModuli[plaintextIndex] }

    /// 1 / unit modulo t.
    func inverse(_ unit: MessageUnit) -> UInt64 {
        ModularArithmetic.inverse(
            unit.value(parameters, plaintextIndex: plaintextIndex), modulo: modulus)!
    }

    /// 1 / (unit times divisors) modulo t.
    func inverse(_ unit: MessageUnit, _ divisors: [Int64]) -> UInt64 {
        divisors.inverse(inverse(unit), modulo: modulus)
    }

    /// w / (unit times divisors) modulo t.
    func divide(
        _ values: [Int64], by unit: MessageUnit, _ divisors: [Int64] = []
    ) -> [UInt64] {
        scale(values, inverse(unit, divisors))
    }

    /// w * unit / divisors modulo t.
    func multiply(
        _ values: [Int64], by unit: MessageUnit, _ divisors: [Int64] = []
    ) -> [UInt64] {
        let factor = unit.value(parameters, plaintextIndex: plaintextIndex)
        return scale(values, divisors.inverse(factor, modulo: modulus))
    }

    /// Weights as a sum of ciphertexts takes them: as they are where the source's unit is the result's, else divided by
    /// the source's unit, times the result's, in (-t/2, t/2).
    func weights(
        _ values: [Int64], from source: MessageUnit, to result: MessageUnit
    ) -> [Int64] {
        if source == result { return values }
        let t = modulus
        let factor = ModularArithmetic.multiply(
            result.value(parameters, plaintextIndex: plaintextIndex), inverse(source), modulo: t)
        return scale(values, factor).map { $0 > t / 2 ? Int64($0) - Int64(t) : Int64($0) }
    }

    /// values * factor, in [0, t).
    private func scale(_ values: [Int64], _ factor: UInt64) -> [UInt64] {
        let t = modulus
        return values.map { value in
            if value == 0 { return 0 }
            let magnitude = ModularArithmetic.multiply(value.magnitude % t, factor, modulo: t)
            return value < 0 && magnitude != 0 ? t - magnitude : magnitude
        }
    }
}

extension [Int64] {
    /// A residue divided by all of them; none is 0 modulo t.
    func inverse(_ residue: UInt64, modulo t: UInt64) -> UInt64 {
        reduce(residue) { quotient, divisor in
            let magnitude = divisor.magnitude % t
            let positive = divisor < 0 ? t - magnitude : magnitude
            return ModularArithmetic.multiply(
                quotient, ModularArithmetic.inverse(positive, modulo: t)!, modulo: t)
        }
    }
}
