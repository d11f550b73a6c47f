// SPDX-License-Identifier: Apache-2.0

import BFV
import InferenceClient
import IntegerNetworks

/// How layers lie in slots: one sample in one ciphertext, or a few where the input has more features than slots.
enum SlotPacking {
    /// How many ciphertexts a sample may take.
    static let maximumSources = 4

    /// The client's layout for a dense first layer: features repeated with the smallest period that holds
    /// them, in both rows where one row is enough; spread over ciphertexts where there are too many.
    static func periodicInput(features: Int, shape: SlotShape) throws -> [SlotLayout] {
        let columns = shape.columns
        if features <= columns {
            let period = features.nextPowerOfTwo
            return [
                SlotLayout(shape) { _, column in
                    column % period < features ? column % period : nil
                }
            ]
        }
        let sources = (features + shape.slotCount - 1) / shape.slotCount
        guard sources <= maximumSources else {
            throw PackingError.tooManyFeatures(
                features, slots: maximumSources * shape.slotCount)
        }
        return (0..<sources).map { source in
            SlotLayout(shape) { row, column in
                let feature = source * shape.slotCount + row * columns + column
                return feature < features ? feature : nil
            }
        }
    }

    /// An inner layer: diagonals modulo the period m of the outputs' placement, then folds, so that every output
    /// is in all columns congruent to it modulo m. Where two rows hold all features, each does half of the
    /// diagonals: row 1 works on outputs shifted by m/2, and the last fold shifts back.
    /// - Parameter stride: columns that hold the same feature, so that rotations by its multiples do; for placements that
    ///   it divides.
    static func inner(
        _ map: PackedMap, sources: [SlotLayout], placement: Placement, stride: Int = 1,
        shape: SlotShape
    ) throws -> PackedLayer {
        let columns = shape.columns
        let period = placement.period
        guard period <= columns else {
            throw PackingError.tooManyOutputs(map.bias.count, columns: columns)
        }
        // Where every period has all features, each slot makes its own output: there is nothing to fold.
        if shape.rows == 1, sources.allSatisfy({ $0.repeats(every: period, shape) }) {
            let outputs = SlotLayout(shape) { _, column in
                placement.output(at: column & (period - 1))
            }
            if let diagonals = diagonals(
                of: map.matrix, sources: sources, outputs: outputs, stride: stride,
                limit: period / stride, shape: shape)
            {
                return PackedLayer(
                    diagonals: diagonals, stride: stride, modulus: period / stride, folds: [],
                    outputLayout: outputs, bias: outputs.place(map.bias))
            }
        }
        for halved in period > 1 && shape.rows == 2 ? [true, false] : [false] {
            let skew = halved ? period / 2 : 0
            let outputs = SlotLayout(shape) { row, column in
                placement.output(at: (column - row * skew) & (period - 1))
            }
            let limit = halved ? period / 2 : period
            let cover = DiagonalCover(
                shape: shape, sources: sources, targets: outputs.features,
                classes: outputs.features, classCount: map.bias.count, stride: 1, limit: limit)
            guard let diagonals = try cover.diagonals(of: map.matrix) else { continue }
            var folds = foldings(from: columns / 2, downTo: period, shape)
            if shape.rows == 2 {
                folds.append([SlotPermutation(rotation: skew, swapsRows: true)])
            }
            return PackedLayer(
                diagonals: diagonals, stride: 1,
                modulus: sources.allSatisfy { $0.repeats(every: limit, shape) } ? limit : 0,
                folds: folds, outputLayout: outputs, bias: outputs.place(map.bias))
        }
        throw PackingError.noCover
    }

    /// Diagonals of which every slot makes its output by itself; nil where there are none, or too many.
    private static func diagonals(
        of matrix: SparseIntegerMatrix, sources: [SlotLayout], outputs: SlotLayout,
        stride: Int = 1, limit: Int, shape: SlotShape
    ) -> [Diagonal]? {
        var classes = outputs.features
        var count = 0
        for slot in classes.indices where classes[slot] != SlotLayout.empty {
            classes[slot] = Int32(count)
            count += 1
        }
        let cover = DiagonalCover(
            shape: shape, sources: sources, targets: outputs.features, classes: classes,
            classCount: count, stride: stride, limit: limit)
        return (try? cover.diagonals(of: matrix)) ?? nil
    }

    /// An inner layer of few features an output, each of which stays where the first one of its features is: pooling takes
    /// one rotation then. No folds: what repeats does so as before.
    /// - Parameter anchors: of each output, the feature where it is to be; nil: its first one.
    /// - Returns: nil where outputs share their first features, or some feature isn't at a few distances.
    static func anchored(
        _ map: PackedMap, at anchors: [Int]?, sources: [SlotLayout], shape: SlotShape
    ) -> PackedLayer? {
        let matrix = map.matrix
        var outputOf = [Int32](repeating: SlotLayout.empty, count: matrix.columns)
        for row in 0..<matrix.rows {
            let entries = matrix.entries(ofRow: row)
            guard (1...mostAnchored).contains(entries.count),
                let first = anchors?[row]
                    ?? entries.lazy.map({ matrix.columnIndices[$0] }).min(),
                outputOf[first] == SlotLayout.empty
            else { return nil }
            outputOf[first] = Int32(row)
        }
        var targets = [Int32](repeating: SlotLayout.empty, count: shape.slotCount)
        for layout in sources {
            for (slot, feature) in layout.features.enumerated()
            where feature != SlotLayout.empty && outputOf[Int(feature)] != SlotLayout.empty {
                guard targets[slot] == SlotLayout.empty else { return nil }
                targets[slot] = outputOf[Int(feature)]
            }
        }
        let outputs = SlotLayout(features: targets)
        guard
            let diagonals = diagonals(
                of: matrix, sources: sources, outputs: outputs, limit: shape.columns, shape: shape),
            diagonals.count <= mostAnchored
        else { return nil }
        let layer = PackedLayer(
            diagonals: diagonals, stride: 1, modulus: shape.columns, folds: [],
            outputLayout: outputs, bias: outputs.place(map.bias)
        ).repeating(shape, most: 1)
        return layer.selectsInPlace ? layer.identity : layer
    }

    /// Features of an output, and diagonals, of a map that leaves outputs in place.
    private static let mostAnchored = 8

    /// A map that only scales and shifts features where they are.
    static func diagonal(_ map: PackedMap, source: SlotLayout) -> PackedLayer {
        let factors = (0..<map.matrix.rows).map { row in
            map.matrix.entries(ofRow: row).reduce(Int64(0)) { $0 + map.matrix.weights[$1] }
        }
        let isIdentity = factors.allSatisfy { $0 == 1 }
        return PackedLayer(
            diagonals: isIdentity
                ? [] : [Diagonal(source: 0, index: 0, weights: SlotWeights(source.place(factors)))],
            isIdentity: isIdentity, stride: 1, folds: [], outputLayout: source,
            bias: source.place(map.bias))
    }

    /// Rotations by halves, each added to the sum so far.
    static func foldings(
        from first: Int, downTo last: Int, _ shape: SlotShape
    ) -> [[SlotPermutation]] {
        sequence(first: first) { $0 / 2 }.prefix { $0 >= last && $0 > 0 }
            .map { [shape.rotation($0)] }
    }

    /// The last layer: every output gets its own block of slots, which the client adds up; no folds. Slots of
    /// a block take outputs in turn where there are more outputs than blocks. More outputs than slots take several
    /// layers, each a ciphertext of the reply.
    static func last(
        _ map: PackedMap, sources: [SlotLayout], shape: SlotShape
    ) throws -> [PackedLayer] {
        guard map.bias.count > shape.slotCount else {
            return [try lastPart(map, sources: sources, shape: shape)]
        }
        return try stride(from: 0, to: map.bias.count, by: shape.slotCount).map { first in
            let rows = first..<min(first + shape.slotCount, map.bias.count)
            return try lastPart(
                map.rows(rows), sources: sources, shape: shape, firstOutput: first)
        }
    }

    /// - Parameter firstOutput: the network's output that the map's first one is.
    private static func lastPart(
        _ map: PackedMap, sources: [SlotLayout], shape: SlotShape, firstOutput: Int = 0
    ) throws -> PackedLayer {
        let outputCount = map.bias.count
        let slotCount = shape.slotCount
        let columns = shape.columns
        var blockSize = min(map.matrix.columns.nextPowerOfTwo, slotCount)
        while blockSize <= slotCount {
            let blocks = slotCount / blockSize
            let perBlock = ((outputCount + blocks - 1) / blocks).nextPowerOfTwo
            guard perBlock <= columns else {
                throw PackingError.tooManyOutputs(outputCount, columns: columns)
            }
            let outputs = SlotLayout(shape) { row, column in
                let block = (row * columns + column) / blockSize
                let output = block * perBlock + column % perBlock
                return output < outputCount ? output : nil
            }
            let cover = DiagonalCover(
                shape: shape, sources: sources, targets: outputs.features,
                classes: outputs.features, classCount: outputCount, stride: 1,
                limit: perBlock)
            if let diagonals = try cover.diagonals(of: map.matrix) {
                var pending = map.bias
                return PackedLayer(
                    diagonals: diagonals, stride: 1, folds: [],
                    outputLayout: outputs.shifted(by: firstOutput),
                    bias: outputs.features.map { output in
                        guard output != SlotLayout.empty else { return 0 }
                        defer { pending[Int(output)] = 0 }
                        return pending[Int(output)]
                    })
            }
            blockSize *= 2
        }
        throw PackingError.noCover
    }
}
