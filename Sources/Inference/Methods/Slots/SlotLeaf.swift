// SPDX-License-Identifier: Apache-2.0

import BFV
import InferenceClient

/// Some terms of tables' polynomials on the slots of one ciphertext: each slot has the coefficients of its element.
package struct SlotLeaf: Sendable {
    let leaf: TableLeaf
    /// Of each slot an element that has its table.
    let layout: SlotLayout
    /// See `SlotShape.spacing`.
    let spacing: Int

    init(leaf: TableLeaf, layout: SlotLayout, shape: SlotShape) {
        self.leaf = leaf
        self.layout = layout
        spacing = shape.spacing(period: layout.period(shape))
    }

    /// Powers that it reads.
    var termCount: Int { leaf.powers.count }

    /// A weight a slot.
    func weights(source: Int, modulus t: UInt64) -> [Int64] {
        layout.place(leaf.weights(source: source, modulus: t))
    }

    func bias(modulus t: UInt64) -> [Int64] { layout.place(leaf.bias(modulus: t)) }
}
