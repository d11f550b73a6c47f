// SPDX-License-Identifier: Apache-2.0

import BFV
import InferenceClient
import IntegerNetworks

/// A convolution over patches (im2col) that the client lays out: a block of `blockSize` columns a kernel tap, one a
/// position. Feature tap * positions + position.
///
/// Taps fill the blocks of a row in turn, then the next row, then the next ciphertext, and are repeated every `period`
/// blocks. Output maps take blocks too, repeated every `mapPeriod`. Diagonals move whole blocks: `mapPeriod` of them
/// bring each block an equal share of the taps, folds add the shares up.
struct PatchLayout {
    private let convolution: Convolution
    private let shape: SlotShape
    private let blockSize: Int
    private let tapsPerRow: Int
    private let sourceCount: Int
    private let period: Int
    private let mapPeriod: Int

    /// nil where the taps, maps or positions don't fit.
    init?(_ convolution: Convolution, shape: SlotShape) {
        self.convolution = convolution
        self.shape = shape
        blockSize = convolution.positionsCount.nextPowerOfTwo
        let blocks = shape.columns / blockSize
        mapPeriod = convolution.mapsCount.nextPowerOfTwo
        guard mapPeriod <= blocks else { return nil }
        let rows = (convolution.tapsCount + blocks - 1) / blocks
        sourceCount = (rows + shape.rows - 1) / shape.rows
        guard sourceCount <= SlotPacking.maximumSources else { return nil }
        let all = sourceCount * shape.rows
        tapsPerRow = (convolution.tapsCount + all - 1) / all
        period = max(tapsPerRow, convolution.mapsCount).nextPowerOfTwo
    }

    /// The patch feature of each slot of each ciphertext.
    var patches: [SlotLayout] {
        let positions = convolution.positionsCount
        return (0..<sourceCount).map { source in
            SlotLayout(shape) { row, column in
                let position = column % blockSize
                let block = column / blockSize % period
                let tap = (source * shape.rows + row) * tapsPerRow + block
                guard position < positions, block < tapsPerRow, tap < convolution.tapsCount
                else { return nil }
                return tap * positions + position
            }
        }
    }

    /// The input pixel of each slot of each ciphertext.
    func inputs(_ patches: [SlotLayout]) -> [SlotLayout] {
        let positions = convolution.positionsCount
        return patches.map { layout in
            SlotLayout(
                features: layout.features.map { feature in
                    guard feature != SlotLayout.empty else { return feature }
                    let (tap, position) = Int(feature).quotientAndRemainder(dividingBy: positions)
                    return convolution.inputIndex(tap: tap, position: position).map(Int32.init)
                        ?? SlotLayout.empty
                })
        }
    }

    /// The layer: every map ends in each of its blocks.
    func layer(_ patches: [SlotLayout]) throws -> PackedLayer {
        let positions = convolution.positionsCount
        let outputs = SlotLayout(shape) { _, column in
            let position = column % blockSize
            let map = column / blockSize % mapPeriod
            guard position < positions, map < convolution.mapsCount else { return nil }
            return map * positions + position
        }
        // Blocks that are added up later are of one class.
        let classes = (0..<shape.slotCount).map { slot in
            let column = slot % shape.columns
            let block = column / blockSize
            let number = block / period * mapPeriod + block % mapPeriod
            return Int32(number * blockSize + column % blockSize)
        }
        let cover = DiagonalCover(
            shape: shape, sources: patches, targets: outputs.features, classes: classes,
            classCount: shape.columns, stride: blockSize, limit: mapPeriod)
        guard let diagonals = try cover.diagonals(of: patchMatrix) else {
            throw PackingError.noCover
        }
        var folds = SlotPacking.foldings(
            from: period / 2 * blockSize, downTo: mapPeriod * blockSize, shape)
        if shape.rows == 2 { folds.append([.swapRows]) }
        return PackedLayer(
            diagonals: diagonals, stride: blockSize,
            modulus: patches.allSatisfy { $0.repeats(every: mapPeriod * blockSize, shape) }
                ? mapPeriod : 0, folds: folds, outputLayout: outputs,
            bias: outputs.place(IntegerNetwork.Layer.convolution(convolution).biasVector!))
    }

    /// The convolution as a matrix on patch features; padding taps stay, their inputs are zero.
    private var patchMatrix: SparseIntegerMatrix {
        let positions = convolution.positionsCount
        var matrix = SparseIntegerMatrix(columns: convolution.tapsCount * positions)
        for map in 0..<convolution.mapsCount {
            for position in 0..<positions {
                for tap in 0..<convolution.tapsCount {
                    matrix.append(
                        column: tap * positions + position,
                        weight: convolution.weight(map: map, tap: tap))
                }
                matrix.endRow()
            }
        }
        return matrix
    }
}
