// SPDX-License-Identifier: Apache-2.0

import BigIntegers
import InferenceClient
import Ring

/// Random values for slots that leave every output's sum as it is: what a client sees of the products
/// behind an output is uniform, but for their sum.
struct OutputMask {
    let layout: SlotLayout

    /// Uniform in [0, t) but for the last slot of each output, which makes its sum zero.
    func shares(modulus: NTTTable) -> [UInt64] {
        let t = modulus.value
        var shares = Array(Samplers.uniformWords(modulus: modulus)[..<layout.slotCount])
        var sums: [Int32: UInt64] = [:]
        var last: [Int32: Int] = [:]
        for (slot, output) in layout.features.enumerated() where output != SlotLayout.empty {
            last[output] = slot
            sums[output] = ModularArithmetic.add(sums[output] ?? 0, shares[slot], modulo: t)
        }
        for (output, slot) in last {
            shares[slot] = ModularArithmetic.subtract(
                shares[slot], sums[output] ?? 0, modulo: t)
        }
        return shares
    }
}
