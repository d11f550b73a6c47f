// SPDX-License-Identifier: Apache-2.0

import BFV
import BigIntegers

/// Integer slots to residues modulo t, times a unit: shared by every evaluator, so that they can't differ.
struct ResidueSlots: Sendable {
    let parameters: BFVParameters
    let plaintextIndex: Int
    var modulus: UInt64 { parameters.plaintextModuli[plaintextIndex] }

    /// 1 / unit modulo t.
    func inverse(_ unit: MessageUnit) -> UInt64 {
        ModularArithmetic.inverse(
            unit.value(parameters, plaintextIndex: plaintextIndex), modulo: modulus)!
    }

    /// w / unit modulo t.
    func divide(_ values: [Int64], by unit: MessageUnit) -> [UInt64] {
        scale(values, inverse(unit))
    }

    /// w * unit modulo t.
    func multiply(_ values: [Int64], by unit: MessageUnit) -> [UInt64] {
        scale(values, unit.value(parameters, plaintextIndex: plaintextIndex))
    }

    /// A map's weights as they are applied: as they are where a source's unit is the result's, else divided by the
    /// source's unit, times the result's, in (-t/2, t/2).
    func weights(
        of map: FeatureMap, units: [MessageUnit], unit: MessageUnit
    ) -> [Int64] {
        let matrix = map.matrix
        if units.allSatisfy({ $0 == unit }) { return matrix.weights }
        let t = modulus
        let value = unit.value(parameters, plaintextIndex: plaintextIndex)
        let factors = units.map { source -> UInt64? in
            if source == unit { return nil }
            let inverse = ModularArithmetic.inverse(
                source.value(parameters, plaintextIndex: plaintextIndex), modulo: t)!
            return ModularArithmetic.multiply(value, inverse, modulo: t)
        }
        return zip(matrix.columnIndices, matrix.weights).map { column, weight in
            guard let factor = factors[map.source(of: column)] else { return weight }
            let scaled = Self.scale([weight], by: factor, modulo: t)[0]
            return scaled > t / 2 ? Int64(scaled) - Int64(t) : Int64(scaled)
        }
    }

    private func scale(_ values: [Int64], _ factor: UInt64) -> [UInt64] {
        Self.scale(values, by: factor, modulo: modulus)
    }

    /// values * factor, in [0, t).
    static func scale(
        _ values: [Int64], by factor: UInt64, modulo t: UInt64
    ) -> [UInt64] {
        values.map { value in
            if value == 0 { return 0 }
            let magnitude = ModularArithmetic.multiply(value.magnitude % t, factor, modulo: t)
            return value < 0 && magnitude != 0 ? t - magnitude : magnitude
        }
    }
}
