// SPDX-License-Identifier: Apache-2.0

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

    /// - Returns: the diagonals of the products that the matrix lists, or nil when some product stays uncovered.
    /// - Throws: `PackingError.tooManyDiagonals`.
    ///
    /// Each product is made at the first diagonal that can make it, by the first slot of its class there.
    func diagonals(of matrix: SparseIntegerMatrix) throws(PackingError) -> [Diagonal]? {
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
            find(matrix, firstOfClass: firstOfClass, places)
        }
        // Of each task that is used, its place among them.
        var numbers = [Int32](repeating: -1, count: limit * sources.count)
        var (hasUncovered, isCovered) = (false, true)
        for (number, row) in rowOfClass.enumerated() where row != SlotLayout.empty {
            let entries = matrix.entries(ofRow: Int(row))
            let shift = firstOfClass[number] - entries.lowerBound
            for entry in entries {
                let task = places[entry + shift].task
                if task != .max {
                    numbers[Int(task)] = 0
                } else {
                    hasUncovered = true
                    if matrix.weights[entry] != 0 { isCovered = false }
                }
            }
        }
        let tasks = numbers.indices.filter { numbers[$0] == 0 }
        let count = tasks.count + (hasUncovered ? 1 : 0)
        guard count * shape.slotCount <= Self.maximumWeights else {
            throw .tooManyDiagonals(count)
        }
        guard isCovered else { return nil }
        for (number, task) in tasks.enumerated() { numbers[task] = Int32(number) }
        var slots = [[Int32]](repeating: [], count: tasks.count)
        var weights = [[Int64]](repeating: [], count: tasks.count)
        for (number, row) in rowOfClass.enumerated() where row != SlotLayout.empty {
            let entries = matrix.entries(ofRow: Int(row))
            let shift = firstOfClass[number] - entries.lowerBound
            for entry in entries where matrix.weights[entry] != 0 {
                let place = places[entry + shift]
                let task = Int(numbers[Int(place.task)])
                slots[task].append(place.slot)
                weights[task].append(matrix.weights[entry])
            }
        }
        // Diagonals of zeros alone stay: rotation keys and times say nothing of which weights are zero.
        return tasks.indices.map { number in
            let (index, source) = tasks[number].quotientAndRemainder(dividingBy: sources.count)
            return Diagonal(
                source: source, index: index,
                weights: SlotWeights(
                    slots: slots[number], weights: weights[number], count: shape.slotCount))
        }
    }

    /// Writes the place of each product: the first task that makes it, there the first slot.
    private func find(
        _ matrix: SparseIntegerMatrix, firstOfClass: [Int],
        _ places: UnsafeMutableBufferPointer<Place>
    ) {
        // Slots in order, by target.
        var slots = [[Int]](repeating: [], count: matrix.rows)
        for slot in 0..<shape.slotCount where targets[slot] != SlotLayout.empty {
            slots[Int(targets[slot])].append(slot)
        }
        var entryOfFeature = [Int32](repeating: -1, count: matrix.columns)
        var positions: Positions?
        for (target, slots) in slots.enumerated() where !slots.isEmpty {
            let entries = matrix.entries(ofRow: target)
            var isRepeated = false
            for entry in entries {
                isRepeated = isRepeated || entryOfFeature[matrix.columnIndices[entry]] >= 0
                entryOfFeature[matrix.columnIndices[entry]] = Int32(entry - entries.lowerBound)
            }
            // Whatever is less: every diagonal of a slot, or every product of its row.
            if limit * sources.count <= entries.count, !isRepeated {
                for slot in slots {
                    findAlongDiagonals(
                        slot, entryOfFeature, places, firstOfClass[Int(classes[slot])])
                }
            } else {
                let known =
                    positions
                    ?? Positions(sources: sources, shape: shape, features: matrix.columns)
                positions = known
                for slot in slots {
                    findAlongRow(
                        slot, matrix, entries, known, places, firstOfClass[Int(classes[slot])])
                }
            }
            for entry in entries { entryOfFeature[matrix.columnIndices[entry]] = -1 }
        }
    }

    /// - Parameters:
    ///   - entryOfFeature: of each feature, its place in the slot's row of the matrix, or -1.
    ///   - first: the row's first product.
    private func findAlongDiagonals(
        _ slot: Int, _ entryOfFeature: [Int32], _ places: UnsafeMutableBufferPointer<Place>,
        _ first: Int
    ) {
        let mask = shape.columns - 1
        let (row, column) = (slot & ~mask, slot & mask)
        for (number, source) in sources.enumerated() {
            for index in 0..<limit {
                let feature = source.features[row + (column + index * stride) & mask]
                guard feature != SlotLayout.empty else { continue }
                let entry = entryOfFeature[Int(feature)]
                guard entry >= 0 else { continue }
                places[first + Int(entry)].take(index * sources.count + number, slot)
            }
        }
    }

    private func findAlongRow(
        _ slot: Int, _ matrix: SparseIntegerMatrix, _ entries: Range<Int>, _ positions: Positions,
        _ places: UnsafeMutableBufferPointer<Place>, _ first: Int
    ) {
        let columns = shape.columns
        let (row, column) = slot.quotientAndRemainder(dividingBy: columns)
        for entry in entries {
            for position in positions.range(feature: matrix.columnIndices[entry], row: row) {
                let (source, from) = positions[position]
                let distance = (from - column) & (columns - 1)
                guard distance % stride == 0, distance / stride < limit else { continue }
                places[first + entry - entries.lowerBound].take(
                    distance / stride * sources.count + source, slot)
            }
        }
    }

    /// Where a product is made.
    private struct Place {
        var task = Int32.max
        var slot: Int32 = 0

        mutating func take(_ task: Int, _ slot: Int) {
            if task < self.task { self = Place(task: Int32(task), slot: Int32(slot)) }
        }
    }
}

/// Where each feature is: the source and column of every slot that holds it, by feature and row.
private struct Positions {
    private let starts: [Int32]
    private let places: [Int32]
    private let rows: Int
    /// log2 of the columns.
    private let shift: Int

    init(sources: [SlotLayout], shape: SlotShape, features: Int) {
        rows = shape.rows
        shift = shape.columns.trailingZeroBitCount
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
        (Int(places[position]) >> shift, Int(places[position]) & (1 << shift - 1))
    }
}
