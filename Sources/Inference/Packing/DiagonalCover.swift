import NeuralNetwork
import RLWE

/// Writes a sparse matrix as diagonals over the slots of one ciphertext or several.
///
/// Slot s computes part of output `targets[s]`; rotating a source by d * stride brings it the feature at column
/// + d * stride of its row. Slots of one class are added up later (by folds or by the client), so each product
/// W[j, f] x_f must occur exactly once a class. Diagonals are tried in order and take what is not yet
/// covered; the cover is complete or there is none.
struct DiagonalCover {
    let shape: SlotShape
    /// Of each input ciphertext.
    let sources: [SlotLayout]
    /// The output of each slot, or `SlotLayout.empty`.
    let targets: [Int32]
    /// The class of each slot, in 0 ..< classCount; slots of a class have the same target.
    let classes: [Int32]
    let classCount: Int
    let stride: Int
    /// Diagonal indices to try: 0 ..< limit.
    let limit: Int

    /// - Returns: the non-zero diagonals, or nil when some product stays uncovered.
    func diagonals(of matrix: SparseIntegerMatrix) -> [Diagonal]? {
        let lookup = WeightLookup(matrix)
        let columns = shape.columns
        var covered = [Bool](repeating: false, count: classCount * matrix.columns)
        var remaining = missing(of: matrix)
        var out: [Diagonal] = []
        for task in 0..<limit * sources.count where remaining > 0 {
            let (index, number) = task.quotientAndRemainder(dividingBy: sources.count)
            let source = sources[number]
            var weights = [Int64](repeating: 0, count: shape.slotCount)
            var used = false
            for slot in 0..<shape.slotCount where targets[slot] != SlotLayout.empty {
                let column = (slot % columns + index * stride) & (columns - 1)
                let feature = source.features[slot / columns * columns + column]
                guard feature != SlotLayout.empty else { continue }
                let weight = lookup.weight(row: Int(targets[slot]), column: Int(feature))
                guard weight != 0 else { continue }
                let key = Int(classes[slot]) * matrix.columns + Int(feature)
                guard !covered[key] else { continue }
                covered[key] = true
                remaining -= 1
                weights[slot] = weight
                used = true
            }
            if used { out.append(Diagonal(source: number, index: index, weights: weights)) }
        }
        return remaining == 0 ? out : nil
    }

    /// Products that the classes need in all.
    private func missing(of matrix: SparseIntegerMatrix) -> Int {
        var targetOfClass = [Int32](repeating: SlotLayout.empty, count: classCount)
        for (slot, target) in targets.enumerated() where target != SlotLayout.empty {
            targetOfClass[Int(classes[slot])] = target
        }
        return targetOfClass.reduce(0) { sum, target in
            target == SlotLayout.empty
                ? sum
                : sum + matrix.rowStarts[Int(target) + 1] - matrix.rowStarts[Int(target)]
        }
    }
}

/// Random access to a sparse matrix; rows sorted by column, binary search.
private struct WeightLookup {
    private let starts: [Int]
    private let columns: [Int]
    private let weights: [Int64]

    init(_ matrix: SparseIntegerMatrix) {
        starts = matrix.rowStarts
        var columns = matrix.columnIndices
        var weights = matrix.weights
        for row in 0..<starts.count - 1 {
            let range = starts[row]..<starts[row + 1]
            let order = range.sorted { matrix.columnIndices[$0] < matrix.columnIndices[$1] }
            for (target, from) in zip(range, order) {
                columns[target] = matrix.columnIndices[from]
                weights[target] = matrix.weights[from]
            }
        }
        self.columns = columns
        self.weights = weights
    }

    func weight(row: Int, column: Int) -> Int64 {
        var low = starts[row]
        var high = starts[row + 1]
        while low < high {
            let middle = (low + high) / 2
            if columns[middle] < column { low = middle + 1 } else { high = middle }
        }
        return low < starts[row + 1] && columns[low] == column ? weights[low] : 0
    }
}
