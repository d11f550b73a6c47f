// SPDX-License-Identifier: Apache-2.0

import IntegerNetworks

/// Finds the convolution that a matrix is, if it is one: after pooling, cropping and scaling were multiplied into it.
package enum ConvolutionDetector {
    /// - Returns: a convolution with the same matrix, or nil. One output position is no convolution, and neither is a
    ///   kernel that is mostly holes (dilation, groups).
    package static func convolution(
        of matrix: RealMatrix, input: ImageShape, output: ImageShape
    ) -> RealConvolution? {
        guard matrix.columns == input.count, matrix.rows == output.count,
            output.height * output.width > 1, matrix.entriesCount > 0
        else { return nil }
        // Outputs lie at most a stride apart, and the first and the last see the image.
        let tallest = output.height > 1 ? min(8, (2 * input.height) / output.height + 1) : 1
        let widest = output.width > 1 ? min(8, (2 * input.width) / output.width + 1) : 1
        for height in 1...tallest {
            for width in 1...widest {
                let strides = Extent(height: height, width: width)
                if let found = attempt(matrix, input, output, strides) { return found }
            }
        }
        return nil
    }

    private struct Offset: Hashable {
        let channel: Int
        let y: Int
        let x: Int
    }

    private static func attempt(
        _ matrix: RealMatrix, _ input: ImageShape, _ output: ImageShape, _ strides: Extent
    ) -> RealConvolution? {
        let positions = output.height * output.width
        let area = input.height * input.width
        var maps: [[Offset: Double]] = []
        for map in 0..<output.channels {
            var weights: [Offset: Double] = [:]
            for position in 0..<positions {
                let (oy, ox) = position.quotientAndRemainder(dividingBy: output.width)
                for entry in matrix.entries(ofRow: map * positions + position) {
                    let (channel, rest) = Int(matrix.columnIndices[entry])
                        .quotientAndRemainder(dividingBy: area)
                    let (y, x) = rest.quotientAndRemainder(dividingBy: input.width)
                    let offset = Offset(
                        channel: channel, y: y - oy * strides.height, x: x - ox * strides.width)
                    let weight = matrix.weights[entry]
                    if let known = weights[offset] {
                        guard isSame(known, weight) else { return nil }
                    } else {
                        // A kernel larger than what one output can see is another stride's.
                        guard weights.count < 4 * input.count else { return nil }
                        weights[offset] = weight
                    }
                }
            }
            guard isComplete(matrix, map, weights, input, output, strides) else { return nil }
            maps.append(weights)
        }
        return build(maps, input, output, strides)
    }

    /// Sums were made in different orders.
    private static func isSame(_ a: Double, _ b: Double) -> Bool {
        abs(a - b) <= 1e-9 * max(abs(a), abs(b))
    }

    /// Whether every output of the map reads each offset that lies in the image: as many as it has entries.
    private static func isComplete(
        _ matrix: RealMatrix, _ map: Int, _ weights: [Offset: Double], _ input: ImageShape,
        _ output: ImageShape, _ strides: Extent
    ) -> Bool {
        let offsets = weights.keys.map { $0 }
        for position in 0..<output.height * output.width {
            let (oy, ox) = position.quotientAndRemainder(dividingBy: output.width)
            let row = map * output.height * output.width + position
            var count = 0
            for offset in offsets {
                let y = offset.y + oy * strides.height
                let x = offset.x + ox * strides.width
                if y >= 0, y < input.height, x >= 0, x < input.width { count += 1 }
            }
            guard count == matrix.entries(ofRow: row).count else { return false }
        }
        return true
    }

    private static func build(
        _ maps: [[Offset: Double]], _ input: ImageShape, _ output: ImageShape, _ strides: Extent
    ) -> RealConvolution? {
        let offsets = maps.flatMap(\.keys)
        guard let top = offsets.map(\.y).min(), let bottom = offsets.map(\.y).max(),
            let left = offsets.map(\.x).min(), let right = offsets.map(\.x).max()
        else { return nil }
        let kernel = Extent(height: bottom - top + 1, width: right - left + 1)
        let taps = input.channels * kernel.height * kernel.width
        guard 2 * offsets.count >= maps.count * taps, kernel.height <= input.height,
            kernel.width <= input.width
        else { return nil }
        let padding = Padding(
            top: -top, left: -left,
            bottom: (output.height - 1) * strides.height + kernel.height - input.height + top,
            right: (output.width - 1) * strides.width + kernel.width - input.width + left)
        guard padding.top < kernel.height, padding.bottom < kernel.height,
            padding.left < kernel.width, padding.right < kernel.width
        else { return nil }
        var weights = [Double](repeating: 0, count: maps.count * taps)
        for (map, found) in maps.enumerated() {
            for (offset, weight) in found {
                let row = offset.channel * kernel.height + offset.y - top
                weights[map * taps + row * kernel.width + offset.x - left] = weight
            }
        }
        return RealConvolution(
            weights: weights, input: input, output: output, kernel: kernel, strides: strides,
            padding: padding)
    }
}
