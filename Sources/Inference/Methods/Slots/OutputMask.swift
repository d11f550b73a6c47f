// SPDX-License-Identifier: Apache-2.0

import BigIntegers
import InferenceClient
import Ring

/// Random values for slots of which each output's add up to a constant: what a client sees of the products behind an output
/// is uniform, but for their sum.
struct OutputMask {
    let layout: SlotLayout

    /// Uniform in [0, t) but for the last slot of each output, which makes its sum that of the constants of its slots; other
    /// slots' constants are lost in what is drawn.
    /// - Parameter constants: in [0, t), a slot each.
    func shares(of constants: [UInt64], modulus: NTTTable) -> [UInt64] {
        let t = modulus.value
        var shares = Array(Samplers.uniformWords(modulus: modulus)[..<layout.slotCount])
        var sums: [Int32: UInt64] = [:]
        var last: [Int32: Int] = [:]
        for (slot, output) in layout.features.enumerated() where output != SlotLayout.empty {
            last[output] = slot
            let excess = ModularArithmetic.subtract(shares[slot], constants[slot], modulo: t)
            sums[output] = ModularArithmetic.add(sums[output] ?? 0, excess, modulo: t)
        }
        for (output, slot) in last {
            shares[slot] = ModularArithmetic.subtract(
                shares[slot], sums[output] ?? 0, modulo: t)
        }
        return shares
    }
}
