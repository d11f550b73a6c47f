// SPDX-License-Identifier: Apache-2.0

/// A two-dimensional convolution (cross-correlation, as in ONNX: group 1, dilation 1) over integers.
package struct Convolution: Sendable, Equatable {
    /// Largest number of multiplications of a layer: maps * taps * positions.
    package static let maximumMultiplications = 1 << 30

    /// [output map][input channel][kernel row][kernel column]; `tapsCount` weights a map.
    package let weights: [Int64]
    /// One integer a map, in units of the accumulator.
    package let bias: [Int64]
    package let inputShape: ImageShape
    package let kernel: Extent
    package let strides: Extent
    package let padding: Padding
    package let outputShape: ImageShape

    /// The number of maps is `bias.count`.
    ///
    /// - Parameter padding: negative amounts leave out rows and columns of the input.
    /// - Throws: `NetworkError` when sizes are not positive, the kernel exceeds the padded image, padding is not
    ///   smaller than the kernel or takes away the image, or the weights are not maps * taps many.
    package init(
        weights: [Int64], bias: [Int64], inputShape: ImageShape, kernel: Extent,
        strides: Extent = Extent(height: 1, width: 1), padding: Padding = Padding()
    ) throws(NetworkError) {
        _ = try checkedCount(inputShape.array, of: "the convolution's input")
        let expected = try checkedCount(
            [bias.count, inputShape.channels, kernel.height, kernel.width],
            of: "the convolution's weights")
        guard weights.count == expected else {
            throw .wrongCount(
                of: "the convolution's weights", expected: expected, found: weights.count)
        }
        let height = try Self.outputSize(
            inputShape.height, kernel.height, strides.height, padding.top, padding.bottom)
        let width = try Self.outputSize(
            inputShape.width, kernel.width, strides.width, padding.left, padding.right)
        _ = try checkedCount([bias.count, height, width], of: "the convolution's output")
        let taps = inputShape.channels * kernel.height * kernel.width
        let patches = try checkedCount([taps, height, width], of: "the convolution's patches")
        guard patches * bias.count <= Self.maximumMultiplications else {
            throw .invalidShape(
                "a convolution of \(patches * bias.count) multiplications; at most \(Self.maximumMultiplications)"
            )
        }
        self.weights = weights
        self.bias = bias
        self.inputShape = inputShape
        self.kernel = kernel
        self.strides = strides
        self.padding = padding
        outputShape = ImageShape(channels: bias.count, height: height, width: width)
    }

    private static func outputSize(
        _ size: Int, _ kernel: Int, _ stride: Int, _ before: Int, _ after: Int
    ) throws(NetworkError) -> Int {
        guard stride > 0, stride <= IntegerNetwork.maximumElements else {
            throw .invalidShape("a convolution's stride of \(stride)")
        }
        // A window that lies wholly in the padding would be a constant: nobody means that.
        guard before > -size, after > -size, before < kernel, after < kernel else {
            throw .invalidShape("padding (\(before), \(after)) for a kernel of \(kernel)")
        }
        let padded = size + before + after
        guard kernel <= padded else {
            throw .invalidShape("a kernel of \(kernel) over \(padded) padded pixels")
        }
        return (padded - kernel) / stride + 1
    }

    /// Number of output maps.
    package var mapsCount: Int { bias.count }
    /// Weights of a map: channels * kernel height * kernel width.
    package var tapsCount: Int { inputShape.channels * kernel.height * kernel.width }
    /// Output pixels of a map.
    package var positionsCount: Int { outputShape.height * outputShape.width }

    /// Weight of the map at the tap `(c * kernel.height + ky) * kernel.width + kx`.
    package func weight(map: Int, tap: Int) -> Int64 { weights[map * tapsCount + tap] }

    /// Flattened input index that the tap reads at an output position, or nil in the padding.
    ///
    /// - Parameters:
    ///   - tap: `(c * kernel.height + ky) * kernel.width + kx`
    ///   - position: `oy * outputShape.width + ox`; the output's index is `map * positionsCount + position`
    package func inputIndex(tap: Int, position: Int) -> Int? {
        precondition(tap >= 0 && tap < tapsCount && position >= 0 && position < positionsCount)
        let kernelArea = kernel.height * kernel.width
        let (channel, inKernel) = tap.quotientAndRemainder(dividingBy: kernelArea)
        let (ky, kx) = inKernel.quotientAndRemainder(dividingBy: kernel.width)
        let (oy, ox) = position.quotientAndRemainder(dividingBy: outputShape.width)
        let y = oy * strides.height + ky - padding.top
        let x = ox * strides.width + kx - padding.left
        guard y >= 0, y < inputShape.height, x >= 0, x < inputShape.width else { return nil }
        return (channel * inputShape.height + y) * inputShape.width + x
    }

    /// `inputIndex` at `tap * positionsCount + position`, -1 for padding.
    package func gatherIndices() -> [Int32] {
        WindowIndices.gathered(
            input: inputShape, output: outputShape, kernel: kernel, strides: strides,
            padding: padding)
    }

    /// The convolution as a matrix of outputs by inputs; padding leaves no entry, nor do zero weights, unless they are
    /// kept.
    package func matrix(keepingZeros: Bool = false) -> SparseIntegerMatrix {
        let (positions, taps) = (positionsCount, tapsCount)
        let indices = gatherIndices()
        var rowStarts = [0]
        rowStarts.reserveCapacity(mapsCount * positions + 1)
        var columns: [Int] = []
        let most = mapsCount * positions * taps
        let entries = [Int64](unsafeUninitializedCapacity: most) { entries, count in
            columns = [Int](unsafeUninitializedCapacity: most) { columns, written in
                for map in 0..<mapsCount {
                    for position in 0..<positions {
                        for tap in 0..<taps {
                            let weight = weights[map * taps + tap]
                            let column = Int(indices[tap * positions + position])
                            guard keepingZeros || weight != 0, column >= 0 else { continue }
                            entries[count] = weight
                            columns[count] = column
                            count += 1
                        }
                        rowStarts.append(count)
                    }
                }
                written = count
            }
        }
        return SparseIntegerMatrix(
            columns: inputShape.count, rowStarts: rowStarts, columnIndices: columns,
            weights: entries)
    }
}
