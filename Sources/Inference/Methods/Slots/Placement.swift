// SPDX-License-Identifier: Apache-2.0

import BFV
import IntegerNetworks

/// Where an inner layer's outputs go among `period` columns, which repeat: images map by map, each row by row.
struct Placement: Hashable {
    let period: Int
    /// Columns from one map to the next, from one row to the next, and from one pixel to the next.
    private let map: Int
    private let row: Int
    private let pixel: Int
    /// Maps in one block: so many beside each other between one row and the next, and between one pixel and the next.
    private let gaps: Extent
    private let image: ImageShape

    /// Outputs in order.
    init(count: Int) {
        let image = ImageShape(channels: 1, height: 1, width: count)
        self.init(image: image, map: count.nextPowerOfTwo, row: count, pixel: 1)
    }

    /// An image with each map in a block of its own, so that what a convolution reads is at the same distance in all
    /// maps.
    init(image: ImageShape) {
        self.init(
            image: image, map: (image.height * image.width).nextPowerOfTwo, row: image.width,
            pixel: 1)
    }

    /// - Parameter gaps: maps that share a block, in the gaps that are between rows and between pixels.
    /// - Precondition: rows don't overlap, and `map` is a power of two that holds them.
    init(
        image: ImageShape, map: Int, row: Int, pixel: Int,
        gaps: Extent = Extent(height: 1, width: 1)
    ) {
        precondition(image.height == 1 || row >= gaps.height * image.width * pixel)
        precondition(gaps.width <= pixel && row % gaps.height == 0)
        precondition(
            (image.height - 1) * row + (gaps.height - 1) * (row / gaps.height)
                + (image.width - 1) * pixel + gaps.width <= map)
        self.image = image
        self.gaps = gaps
        (self.map, self.row, self.pixel) = (map, row, pixel)
        let shared = gaps.height * gaps.width
        period = map * ((image.channels + shared - 1) / shared).nextPowerOfTwo
    }

    func output(at column: Int) -> Int? {
        let (block, place) = column.quotientAndRemainder(dividingBy: map)
        let (y, rest) = place.quotientAndRemainder(dividingBy: row)
        let (below, right) = rest.quotientAndRemainder(dividingBy: row / gaps.height)
        let (x, gap) = right.quotientAndRemainder(dividingBy: pixel)
        let channel = (block * gaps.height + below) * gaps.width + gap
        guard channel < image.channels, below < gaps.height, y < image.height, x < image.width,
            gap < gaps.width
        else { return nil }
        return (channel * image.height + y) * image.width + x
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
