// SPDX-License-Identifier: Apache-2.0

/// What a window over an image reads.
package enum WindowIndices {
    /// Of tap `(c * kernel.height + ky) * kernel.width + kx` at output position p, the input's index at
    /// `tap * positions + p`; -1 in the padding.
    package static func gathered(
        input: ImageShape, output: ImageShape, kernel: Extent, strides: Extent, padding: Padding
    ) -> [Int32] {
        let count = input.channels * kernel.height * kernel.width * output.height * output.width
        return [Int32](unsafeUninitializedCapacity: count) { indices, written in
            guard var next = indices.baseAddress else { return }
            for channel in 0..<input.channels {
                for ky in 0..<kernel.height {
                    for kx in 0..<kernel.width {
                        let first = kx - padding.left
                        // Places whose x lies in the image.
                        let from = min(
                            max(0, (strides.width - 1 - first) / strides.width), output.width)
                        let beyond = (input.width - first + strides.width - 1) / strides.width
                        let to = min(max(from, beyond), output.width)
                        for oy in 0..<output.height {
                            let y = oy * strides.height + ky - padding.top
                            if y >= 0, y < input.height {
                                let start = (channel * input.height + y) * input.width + first
                                for ox in 0..<from { next[ox] = -1 }
                                for ox in from..<to {
                                    next[ox] = Int32(
                                        truncatingIfNeeded: start &+ ox &* strides.width)
                                }
                                for ox in to..<output.width { next[ox] = -1 }
                            } else {
                                next.initialize(repeating: -1, count: output.width)
                            }
                            next += output.width
                        }
                    }
                }
            }
            written = count
        }
    }
}
