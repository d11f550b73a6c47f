import BFV
import InferenceClient
import IntegerNetworks

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

    /// Largest number of weights of all diagonals together.
    private static let maximumWeights = 1 << 28

    /// - Returns: the non-zero diagonals, or nil when some product stays uncovered.
    /// - Throws: `PackingError.tooManyDiagonals`.
    ///
    /// Each product is made at the first diagonal that can make it, by the first slot of its class there.
    func diagonals(of matrix: SparseIntegerMatrix) throws(PackingError) -> [Diagonal]? {
        let positions = Positions(sources: sources, shape: shape, features: matrix.columns)
        let columns = shape.columns
        // Of each class, its row and its first product.
        var rowOfClass = [Int32](repeating: SlotLayout.empty, count: classCount)
        for (slot, target) in targets.enumerated() where target != SlotLayout.empty {
            rowOfClass[Int(classes[slot])] = target
        }
        var firstOfClass = [0]
        for row in rowOfClass {
            let count = row == SlotLayout.empty ? 0 : matrix.entries(ofRow: Int(row)).count
            firstOfClass.append(firstOfClass[firstOfClass.count - 1] + count)
        }
        var places = [Place](repeating: Place(), count: firstOfClass[classCount])
        places.withUnsafeMutableBufferPointer { places in
            for slot in 0..<shape.slotCount where targets[slot] != SlotLayout.empty {
                let (row, column) = slot.quotientAndRemainder(dividingBy: columns)
                let entries = matrix.entries(ofRow: Int(targets[slot]))
                let shift = firstOfClass[Int(classes[slot])] - entries.lowerBound
                for entry in entries {
                    let feature = matrix.columnIndices[entry]
                    for position in positions.range(feature: feature, row: row) {
                        let (source, from) = positions[position]
                        let distance = (from - column) & (columns - 1)
                        guard distance % stride == 0, distance / stride < limit else { continue }
                        let task = Int32(distance / stride * sources.count + source)
                        if task < places[entry + shift].task {
                            places[entry + shift] = Place(task: task, slot: Int32(slot))
                        }
                    }
                }
            }
        }
        let tasks = Set(places.lazy.map(\.task)).count
        guard tasks * shape.slotCount <= Self.maximumWeights else {
            throw .tooManyDiagonals(tasks)
        }
        var weights: [Int32: [Int64]] = [:]
        for (number, row) in rowOfClass.enumerated() where row != SlotLayout.empty {
            let entries = matrix.entries(ofRow: Int(row))
            let shift = firstOfClass[number] - entries.lowerBound
            for entry in entries where matrix.weights[entry] != 0 {
                let place = places[entry + shift]
                guard place.task != .max else { return nil }
                weights[place.task, default: Array(repeating: 0, count: shape.slotCount)][
                    Int(place.slot)] = matrix.weights[entry]
            }
        }
        return weights.keys.sorted().map { task in
            let (index, source) = Int(task).quotientAndRemainder(dividingBy: sources.count)
            return Diagonal(source: source, index: index, weights: weights[task]!)
        }
    }

    /// Where a product is made.
    private struct Place {
        var task = Int32.max
        var slot: Int32 = 0
    }
}

/// Where each feature is: the source and column of every slot that holds it, by feature and row.
private struct Positions {
    private let starts: [Int32]
    private let places: [Int32]
    private let rows: Int
    private let columns: Int

    init(sources: [SlotLayout], shape: SlotShape, features: Int) {
        rows = shape.rows
        columns = shape.columns
        let (rows, columns) = (shape.rows, shape.columns)
        var starts = [Int32](repeating: 0, count: features * rows + 1)
        func each(_ body: (Int, Int32) -> Void) {
            for (source, layout) in sources.enumerated() {
                for (slot, feature) in layout.features.enumerated()
                where feature != SlotLayout.empty {
                    let key = Int(feature) * rows + slot / columns
                    body(key, Int32(source * columns + slot % columns))
                }
            }
        }
        each { key, _ in starts[key + 1] += 1 }
        for key in 1..<starts.count { starts[key] += starts[key - 1] }
        var places = [Int32](repeating: 0, count: Int(starts[starts.count - 1]))
        var next = starts
        each { key, place in
            places[Int(next[key])] = place
            next[key] += 1
        }
        self.starts = starts
        self.places = places
    }

    func range(feature: Int, row: Int) -> Range<Int> {
        let key = feature * rows + row
        return Int(starts[key])..<Int(starts[key + 1])
    }

    subscript(position: Int) -> (source: Int, column: Int) {
        (Int(places[position]) / columns, Int(places[position]) % columns)
    }
}
