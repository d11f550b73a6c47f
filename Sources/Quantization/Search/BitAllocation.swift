// SPDX-License-Identifier: Apache-2.0

import BigIntegers

/// Resolutions of one integer network: magnitudes that the largest integers have.
struct BitAllocation: Sendable, Hashable {
    /// Of input codes with signs.
    var input: Int
    /// Of the weights of each node of the real network; of nodes without weights it says nothing.
    var weights: [Int]
    var perChannel: Bool
    /// How the input's range was chosen.
    var range: RangeMethod

    /// Parameter 0 is the input, i + 1 node i.
    subscript(_ parameter: Int) -> Int {
        get { parameter == 0 ? input : weights[parameter - 1] }
        set {
            if parameter == 0 { input = newValue } else { weights[parameter - 1] = newValue }
        }
    }

    /// Bits of a signed integer of such a magnitude.
    static func bits(levels: Int) -> Int {
        max(1, levels).bitWidthUsed + 1
    }
}
