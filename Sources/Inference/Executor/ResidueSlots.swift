import BigIntegers
import RLWE

/// Integer slots to residues modulo t, times a unit: shared by every evaluator, so that they can't differ.
struct ResidueSlots {
    let parameters: RLWEParameters
    let plaintextIndex: Int
    var modulus: UInt64 { parameters.plaintextModuli[plaintextIndex] }

    /// w / unit modulo t.
    func divide(_ values: [Int64], by unit: MessageUnit) -> [UInt64] {
        let factor = ModularArithmetic.inverse(
            unit.value(parameters, plaintextIndex: plaintextIndex), modulo: modulus)!
        return scale(values, factor)
    }

    /// w * unit modulo t.
    func multiply(_ values: [Int64], by unit: MessageUnit) -> [UInt64] {
        scale(values, unit.value(parameters, plaintextIndex: plaintextIndex))
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
