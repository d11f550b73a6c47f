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
            for channel in 0..<input.channels {
                for ky in 0..<kernel.height {
                    for kx in 0..<kernel.width {
                        for oy in 0..<output.height {
                            let y = oy * strides.height + ky - padding.top
                            let start = (channel * input.height + y) * input.width
                            let isInside = y >= 0 && y < input.height
                            for ox in 0..<output.width {
                                let x = ox * strides.width + kx - padding.left
                                indices[written] =
                                    isInside && x >= 0 && x < input.width ? Int32(start + x) : -1
                                written += 1
                            }
                        }
                    }
                }
            }
        }
    }
}
