import NeuralNetwork
import RLWE

/// How a linear layer is carried out on slots: diagonals, then folds that add up partial sums.
struct PackedLayer {
    var diagonals: [Diagonal]
    let stride: Int
    /// Each group is added to the ciphertext at once: x + sum of permutations of x.
    let folds: [[SlotPermutation]]
    /// Where the outputs are after the folds; for a last layer, which output each slot is a part of.
    let outputLayout: SlotLayout
    /// The bias of each slot: after the folds each output once a slot, or in a last layer in one slot of
    /// each output.
    let bias: [Int64]
}

/// Why a network doesn't fit a ring of some degree.
enum PackingError: Error, Equatable {
    case tooManyFeatures(Int, slots: Int)
    case tooManyOutputs(Int, columns: Int)
    case noCover
}

/// The latency layout: one sample in one ciphertext.
enum LatencyPacking {
    /// The client's layout for a dense first layer: features repeated with the smallest period that holds
    /// them, in both rows where one row is enough.
    static func periodicInput(features: Int, slotCount: Int) throws -> SlotLayout {
        guard features <= slotCount else {
            throw PackingError.tooManyFeatures(features, slots: slotCount)
        }
        let columns = slotCount / 2
        if features <= columns {
            let period = features.nextPowerOfTwo
            return SlotLayout(slotCount: slotCount) { _, column in
                column % period < features ? column % period : nil
            }
        }
        return SlotLayout(slotCount: slotCount) { row, column in
            let feature = row * columns + column
            return feature < features ? feature : nil
        }
    }

    /// The client's layout for a convolution: blocks of the image's patches (im2col), one block a kernel tap,
    /// half of the taps in each row. Feature tap * positions + position.
    ///
    /// - Returns: nil where the taps, maps or positions don't fit.
    static func patchInput(_ convolution: Convolution, slotCount: Int) -> SlotLayout? {
        guard let shape = BlockShape(convolution, slotCount: slotCount) else { return nil }
        let positions = convolution.positionsCount
        return SlotLayout(slotCount: slotCount) { row, column in
            let position = column % shape.blockSize
            let tap = row * shape.tapsPerRow + (column / shape.blockSize) % shape.period
            guard position < positions,
                (column / shape.blockSize) % shape.period < shape.tapsPerRow,
                tap < convolution.tapsCount
            else { return nil }
            return tap * positions + position
        }
    }

    /// A convolution over `patchInput`: diagonals move whole blocks, one row swap adds the halves, and every
    /// map ends in a block of its own in both rows.
    static func patchConvolution(
        _ convolution: Convolution, source: SlotLayout
    ) throws -> PackedLayer {
        let slotCount = source.slotCount
        guard let shape = BlockShape(convolution, slotCount: slotCount) else {
            throw PackingError.noCover
        }
        let positions = convolution.positionsCount
        let outputs = SlotLayout(slotCount: slotCount) { _, column in
            let position = column % shape.blockSize
            let map = (column / shape.blockSize) % shape.period
            guard position < positions, map < convolution.mapsCount else { return nil }
            return map * positions + position
        }
        let cover = DiagonalCover(
            source: source, targets: outputs.features,
            classes: (0..<slotCount).map { Int32($0 % (slotCount / 2)) },
            classCount: slotCount / 2, stride: shape.blockSize, limit: shape.period)
        guard let diagonals = cover.diagonals(of: patchMatrix(convolution)) else {
            throw PackingError.noCover
        }
        return PackedLayer(
            diagonals: diagonals, stride: shape.blockSize, folds: [[.swapRows]],
            outputLayout: outputs,
            bias: outputs.place(Layer.convolution(convolution).biasVector!))
    }

    /// The convolution as a matrix on patch features; padding taps stay, their inputs are zero.
    private static func patchMatrix(_ convolution: Convolution) -> SparseIntegerMatrix {
        let positions = convolution.positionsCount
        var matrix = SparseIntegerMatrix(columns: convolution.tapsCount * positions)
        for map in 0..<convolution.mapsCount {
            for position in 0..<positions {
                for tap in 0..<convolution.tapsCount {
                    let weight = convolution.weight(map: map, tap: tap)
                    if weight != 0 {
                        matrix.append(column: tap * positions + position, weight: weight)
                    }
                }
                matrix.endRow()
            }
        }
        return matrix
    }

    /// An inner layer: diagonals modulo the padded number of outputs m, then folds, so that every output
    /// is in all columns congruent to it modulo m. Where both rows hold all features, each does half of the
    /// diagonals: row 1 works on outputs shifted by m/2, and the last fold shifts back.
    static func inner(_ layer: Layer, source: SlotLayout) throws -> PackedLayer {
        guard let matrix = layer.matrix(), let bias = layer.biasVector else {
            throw PackingError.noCover
        }
        let columns = source.columns
        let period = layer.outputCount.nextPowerOfTwo
        guard period <= columns else {
            throw PackingError.tooManyOutputs(layer.outputCount, columns: columns)
        }
        for halved in period > 1 ? [true, false] : [false] {
            let skew = halved ? period / 2 : 0
            let outputs = SlotLayout(slotCount: source.slotCount) { row, column in
                let output = (column - row * skew) & (period - 1)
                return output < layer.outputCount ? output : nil
            }
            let cover = DiagonalCover(
                source: source, targets: outputs.features, classes: outputs.features,
                classCount: layer.outputCount, stride: 1, limit: halved ? period / 2 : period)
            guard let diagonals = cover.diagonals(of: matrix) else { continue }
            var folds: [[SlotPermutation]] = []
            var step = columns / 2
            while step >= period {
                folds.append([SlotPermutation(rotation: step)])
                step /= 2
            }
            folds.append([SlotPermutation(rotation: skew, swapsRows: true)])
            return PackedLayer(
                diagonals: diagonals, stride: 1, folds: folds, outputLayout: outputs,
                bias: outputs.place(bias))
        }
        throw PackingError.noCover
    }

    /// The last layer: every output gets its own block of slots, which the client adds up; no folds. Slots of
    /// a block take outputs in turn where there are more outputs than blocks.
    static func last(_ layer: Layer, source: SlotLayout) throws -> PackedLayer {
        guard let matrix = layer.matrix(), let bias = layer.biasVector else {
            throw PackingError.noCover
        }
        let slotCount = source.slotCount
        let columns = source.columns
        var blockSize = min(layer.inputCount.nextPowerOfTwo, slotCount)
        while blockSize <= slotCount {
            let blocks = slotCount / blockSize
            let perBlock = ((layer.outputCount + blocks - 1) / blocks).nextPowerOfTwo
            guard perBlock <= columns else {
                throw PackingError.tooManyOutputs(layer.outputCount, columns: columns)
            }
            let outputs = SlotLayout(slotCount: slotCount) { row, column in
                let block = (row * columns + column) / blockSize
                let output = block * perBlock + column % perBlock
                return output < layer.outputCount ? output : nil
            }
            let cover = DiagonalCover(
                source: source, targets: outputs.features, classes: outputs.features,
                classCount: layer.outputCount, stride: 1, limit: perBlock)
            if let diagonals = cover.diagonals(of: matrix) {
                var pending = bias
                return PackedLayer(
                    diagonals: diagonals, stride: 1, folds: [], outputLayout: outputs,
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

/// Blocks of a patch layout: `blockSize` columns a tap or map, repeated every `period` blocks.
private struct BlockShape {
    let blockSize: Int
    let period: Int
    let tapsPerRow: Int

    init?(_ convolution: Convolution, slotCount: Int) {
        let columns = slotCount / 2
        blockSize = convolution.positionsCount.nextPowerOfTwo
        tapsPerRow = (convolution.tapsCount + 1) / 2
        period = max(tapsPerRow, convolution.mapsCount).nextPowerOfTwo
        guard blockSize * period <= columns else { return nil }
    }
}
