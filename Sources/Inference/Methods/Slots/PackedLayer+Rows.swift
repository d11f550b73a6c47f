// SPDX-License-Identifier: Apache-2.0

extension PackedLayer {
    /// A convolution as one sum for each row of its kernel, all of the same rotations, and the sum of these, each moved by
    /// its rows.
    struct Rows {
        let each: PackedLayer
        let sum: PackedLayer
        let count: Int
    }

    /// nil where that takes about as many rotation keys, or weights aren't the same in all rows.
    /// - Parameter row: columns from one row to the next.
    func byRows(of row: Int) -> Rows? {
        guard folds.isEmpty, stride == 1, modulus >= 2 * row, modulus % row == 0,
            diagonals.allSatisfy({ diagonal in
                diagonal.weights.period.map { row % $0 == 0 } ?? false
            })
        else { return nil }
        // The nearest row, and what is left to the left or right of it.
        let rows = modulus / row
        let places = diagonals.map { diagonal -> (row: Int, index: Int) in
            let moved = (diagonal.index + row / 2) % modulus
            return (moved / row % rows, (moved % row - row / 2 + modulus) % modulus)
        }
        let used = Set(places.map(\.row)).sorted()
        let number = Dictionary(uniqueKeysWithValues: used.enumerated().map { ($1, $0) })
        var each = self
        each.diagonals = zip(diagonals, places).map { diagonal, place in
            Diagonal(
                source: diagonal.source, index: place.index, weights: diagonal.weights,
                output: number[place.row]!)
        }
        each.bias = []
        let sum = PackedLayer(
            diagonals: used.enumerated().map { number, row in
                Diagonal(
                    source: number, index: row,
                    weights: SlotWeights(constant: 1, count: outputLayout.slotCount))
            }, stride: row, modulus: rows, folds: [], outputLayout: outputLayout, bias: bias)
        guard 4 * (each.keyCount + used.count) <= 3 * keyCount else { return nil }
        return Rows(each: each, sum: sum, count: used.count)
    }

    private var keyCount: Int {
        BabyGrouping(self, count: nil).rotations(diagonals).count
    }
}
