// SPDX-License-Identifier: Apache-2.0

import BigIntegers
import InferenceClient
import Ring

/// Random values that leave the last product of a circuit to the client: of pairs a, b of a slot it is given a + r and
/// b + s, and the sum over pairs of s a + r b + r s, plus a share of zero. The products of the first less the last are
/// a b, summed, less the share.
///
/// With r and s uniform modulo t, a + r and b + s are uniform, whatever a and b; given them, the last value is what makes
/// the difference right, and the shares make that uniform but for each output's sum. So a client learns the sums of a b
/// modulo t, as it does of `OutputMask`, for one multiplication and its key switch less.
package struct BlindedFactors {
    /// What is added to each factor: r_1, s_1, r_2, s_2, ...
    package let pads: [[UInt64]]
    /// r s summed over pairs, and constants; less a share of zero.
    package let constants: [UInt64]

    /// What each factor is multiplied by: the pad of the other one of its pair.
    package var multipliers: [[UInt64]] { pads.indices.map { pads[$0 ^ 1] } }

    /// - Parameters:
    ///   - count: of factors, two for each pair.
    ///   - constants: of each slot, what is to be taken off the products besides.
    package init(count: Int, constants added: [UInt64], layout: SlotLayout, modulus: NTTTable) {
        let t = modulus.value
        let slots = layout.slotCount
        let pads = (0..<count).map { _ in
            Array(Samplers.uniformWords(modulus: modulus)[..<slots])
        }
        self.pads = pads
        var constants = OutputMask(layout: layout).shares(of: added, modulus: modulus)
        for pair in stride(from: 0, to: count, by: 2) {
            for slot in 0..<slots {
                constants[slot] = ModularArithmetic.add(
                    constants[slot],
                    ModularArithmetic.multiply(pads[pair][slot], pads[pair + 1][slot], modulo: t),
                    modulo: t)
            }
        }
        self.constants = constants
    }
}
