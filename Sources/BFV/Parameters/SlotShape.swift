// SPDX-License-Identifier: Apache-2.0

/// How many slots a ring has for plaintext moduli of index k, and which permutations move them.
public struct SlotShape: Sendable, Hashable {
    /// N.
    package let degree: Int
    /// k of `PlaintextModulus`: a power of two.
    package let index: Int

    package init(degree: Int, index: Int) {
        precondition(degree >= 8 && index >= 1 && degree % index == 0)
        self.degree = degree
        self.index = index
    }

    /// N / k.
    public var slotCount: Int { degree / index }
    /// Two with k = 1, one otherwise.
    package var rows: Int { index == 1 ? 2 : 1 }
    /// Slots of a row: a rotation is modulo this.
    public var columns: Int { slotCount / rows }

    /// What each of several samples has that lie side by side, as a ring of its own; nil where that is less than eight
    /// columns.
    package func divided(among samples: Int) -> SlotShape? {
        columns >= 8 * samples ? SlotShape(degree: degree / samples, index: index) : nil
    }

    /// Slots whose rows repeat every `period` columns are fixed by the rotation by so many, so that their polynomial has
    /// only powers of X^spacing: N over k, the rows and the period. But with two rows the rotation by one, 3, is not 1
    /// modulo 8 as its powers by 2 and more are: there as for 2.
    ///
    /// - Parameter period: a power of two, up to all columns.
    package func spacing(period: Int) -> Int {
        rows == 1 ? degree / (index * period) : degree / (2 * max(2, period))
    }

    /// All rows moved left by `columns` columns, cyclically: column i takes column i + `columns`.
    public func rotation(_ columns: Int) -> SlotPermutation {
        switch index {
        case 1: return SlotPermutation(rotation: columns)
        case 2: return SlotPermutation(rotation: columns, swapsRows: columns & 1 == 1)
        default: return SlotPermutation(rotation: columns * (index / 2))
        }
    }

    /// Where each slot's value comes from under a permutation; nil for one that moves other slots into these.
    package func source(
        of slot: Int, under permutation: SlotPermutation
    ) -> Int? {
        let moved = permutation.normalized(degree: degree)
        switch index {
        case 1:
            let row = slot / columns ^ (moved.swapsRows ? 1 : 0)
            return row * columns + (slot % columns + moved.rotation) & (columns - 1)
        case 2:
            guard moved.swapsRows == (moved.rotation & 1 == 1) else { return nil }
            return (slot + moved.rotation) & (columns - 1)
        default:
            let step = index / 2
            guard !moved.swapsRows, moved.rotation % step == 0 else { return nil }
            return (slot + moved.rotation / step) & (columns - 1)
        }
    }

    /// Of each slot, g with the slot the value at root^g.
    var elements: [Int] {
        let mask = 2 * degree - 1
        let row = (0..<columns).reduce(into: (elements: [Int](), power: 1)) { state, _ in
            state.elements.append(state.power)
            state.power = state.power &* rotation(1).galoisElement(degree: degree) & mask
        }.elements
        return rows == 1 ? row : row + row.map { 2 * degree - $0 }
    }
}
