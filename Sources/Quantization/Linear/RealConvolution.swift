// SPDX-License-Identifier: Apache-2.0

import IntegerNetworks

/// A two-dimensional convolution with real weights (group 1, dilation 1), without its bias.
package struct RealConvolution: Sendable, Equatable {
    /// [output map][input channel][kernel row][kernel column].
    package var weights: [Double]
    package let input: ImageShape
    package let output: ImageShape
    package let kernel: Extent
    package let strides: Extent
    /// Negative amounts leave out rows and columns of the input.
    package let padding: Padding

    package init(
        weights: [Double], input: ImageShape, output: ImageShape, kernel: Extent, strides: Extent,
        padding: Padding
    ) {
        self.weights = weights
        self.input = input
        self.output = output
        self.kernel = kernel
        self.strides = strides
        self.padding = padding
    }

    package var tapsCount: Int { input.channels * kernel.height * kernel.width }
    package var positionsCount: Int { output.height * output.width }

    /// Entries of its matrix, padding not taken off.
    package var entriesCount: Int {
        let (product, overflow) = weights.count.multipliedReportingOverflow(by: positionsCount)
        return overflow ? .max : product
    }

    /// Of tap `(c * kernel.height + ky) * kernel.width + kx` at output position p, the input's index at
    /// `tap * positionsCount + p`; -1 in the padding.
    package func gatherIndices() -> [Int32] {
        WindowIndices.gathered(
            input: input, output: output, kernel: kernel, strides: strides, padding: padding)
    }

    /// Outputs by inputs; padding and zero weights leave no entry.
    package func matrix() -> RealMatrix {
        let indices = gatherIndices()
        let (taps, positions) = (tapsCount, positionsCount)
        var matrix = RealMatrix(columns: input.count)
        for map in 0..<output.channels {
            for position in 0..<positions {
                for tap in 0..<taps {
                    let weight = weights[map * taps + tap]
                    let column = indices[tap * positions + position]
                    if weight != 0, column >= 0 {
                        matrix.append(column: Int(column), weight: weight)
                    }
                }
                matrix.endRow()
            }
        }
        return matrix
    }

    /// Each weight made anew from its map and itself.
    package func mapped(_ transform: (_ map: Int, _ weight: Double) -> Double) -> RealConvolution {
        var result = self
        for index in weights.indices {
            result.weights[index] = transform(index / tapsCount, weights[index])
        }
        return result
    }

    /// Maps and input channels times a factor each; nil where the factors, one an element, aren't one a channel.
    package func scaled(rows: [Double], columns: [Double]) -> RealConvolution? {
        guard let maps = Self.channelFactors(rows, output),
            let channels = Self.channelFactors(columns, input)
        else { return nil }
        var result = self
        let area = kernel.height * kernel.width
        for index in weights.indices {
            let (map, tap) = index.quotientAndRemainder(dividingBy: tapsCount)
            result.weights[index] *= maps[map] * channels[tap / area]
        }
        return result
    }

    /// One factor a channel of factors that are one an element; ones where there are none.
    private static func channelFactors(_ factors: [Double], _ shape: ImageShape) -> [Double]? {
        guard !factors.isEmpty else { return [Double](repeating: 1, count: shape.channels) }
        let area = shape.height * shape.width
        for index in factors.indices where factors[index] != factors[index / area * area] {
            return nil
        }
        return (0..<shape.channels).map { factors[$0 * area] }
    }
}
