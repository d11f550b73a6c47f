// SPDX-License-Identifier: Apache-2.0

extension TensorConvolution {
    /// Adds each weight times a run of pixels to a run of outputs, so that the inner loop is over contiguous elements.
    func evaluate(_ image: [Float], weights: [Float], bias: [Float]?) -> [Float] {
        let positions = output.height * output.width
        let channels = input.channels / groups
        let maps = output.channels / groups
        let taps = channels * kernel.height * kernel.width
        precondition(image.count == batch * input.count && weights.count == output.channels * taps)
        var result = [Float](repeating: 0, count: batch * output.count)
        let columns = (0..<kernel.width).map { columnRange($0) }
        image.withUnsafeBufferPointer { image in
            weights.withUnsafeBufferPointer { weights in
                result.withUnsafeMutableBufferPointer { result in
                    for index in 0..<batch * output.channels {
                        let (sample, map) = index.quotientAndRemainder(
                            dividingBy: output.channels)
                        let first = sample * input.channels + map / maps * channels
                        let to = result.baseAddress! + index * positions
                        if let bias {
                            for position in 0..<positions { to[position] = bias[map] }
                        }
                        for tap in 0..<taps {
                            let weight = weights[map * taps + tap]
                            let (above, column) = tap.quotientAndRemainder(
                                dividingBy: kernel.width)
                            let (channel, row) = above.quotientAndRemainder(
                                dividingBy: kernel.height)
                            add(
                                weight, image.baseAddress! + (first + channel) * planeCount, to,
                                row: row, column: column, columns: columns[column])
                        }
                    }
                }
            }
        }
        return result
    }

    private var planeCount: Int { input.height * input.width }

    /// Output columns whose pixel under a column of the kernel is in the image.
    private func columnRange(_ column: Int) -> Range<Int> {
        let offset = column * dilations.width - padding.left
        let first = offset >= 0 ? 0 : (-offset + strides.width - 1) / strides.width
        let last = input.width - 1 - offset
        let end = last < 0 ? 0 : min(output.width, last / strides.width + 1)
        return min(first, end)..<end
    }

    @inline(__always)
    private func add(
        _ weight: Float, _ plane: UnsafePointer<Float>, _ result: UnsafeMutablePointer<Float>,
        row: Int, column: Int, columns: Range<Int>
    ) {
        let offset = column * dilations.width - padding.left
        for y in 0..<output.height {
            let line = y * strides.height + row * dilations.height - padding.top
            guard line >= 0, line < input.height else { continue }
            let from = line * input.width + offset
            let to = y * output.width
            if strides.width == 1 {
                for x in columns { result[to + x] += weight * plane[from + x] }
            } else {
                for x in columns {
                    result[to + x] += weight * plane[from + x * strides.width]
                }
            }
        }
    }
}
