// SPDX-License-Identifier: Apache-2.0

import BFV
import IntegerNetworks

/// Where an inner layer's outputs go among `period` columns, which repeat.
struct Placement: Hashable {
    let period: Int
    /// Columns from one map of an image to the next, and how many of them it fills; outputs in order where both are 1.
    private let block: Int
    private let filled: Int
    private let count: Int

    /// Outputs in order.
    init(count: Int) {
        self.count = count
        period = count.nextPowerOfTwo
        block = 1
        filled = 1
    }

    /// An image with each map in a block of its own, so that what a convolution reads is at the same distance in all
    /// maps.
    init(image: ImageShape) {
        count = image.count
        filled = image.height * image.width
        block = filled.nextPowerOfTwo
        period = block * image.channels.nextPowerOfTwo
    }

    func output(at column: Int) -> Int? {
        let (map, position) = column.quotientAndRemainder(dividingBy: block)
        let output = map * filled + position
        return position < filled && output < count ? output : nil
    }
}

/// A linear map as packing sees it: outputs by the features of all sources, and a bias an output.
struct PackedMap {
    /// With all weights of a dense layer or a convolution: which of them are zero decides no rotation.
    let matrix: SparseIntegerMatrix
    let bias: [Int64]
    /// Whether output i reads feature i only.
    let isDiagonal: Bool

    init?(_ layer: IntegerNetwork.Layer) {
        guard let matrix = layer.matrix(), let bias = layer.biasVector else { return nil }
        isDiagonal = matrix.isDiagonal
        self.matrix = isDiagonal ? matrix : layer.matrix(keepingZeros: true) ?? matrix
        self.bias = bias
    }

    init(matrix: SparseIntegerMatrix, bias: [Int64]) {
        self.matrix = matrix
        self.bias = bias
        isDiagonal = false
    }

    /// The sum of so many vectors.
    static func sum(of count: Int, width: Int) -> PackedMap {
        var matrix = SparseIntegerMatrix(columns: count * width)
        for row in 0..<width {
            for source in 0..<count { matrix.append(column: source * width + row, weight: 1) }
            matrix.endRow()
        }
        return PackedMap(matrix: matrix, bias: [Int64](repeating: 0, count: width))
    }

    /// Some of the outputs.
    func rows(_ rows: Range<Int>) -> PackedMap {
        PackedMap(matrix: matrix.rows(rows), bias: Array(bias[rows]))
    }
}
