// SPDX-License-Identifier: Apache-2.0

import IntegerNetworks

/// The geometry of a convolution. Weights are [maps][channels / groups][kernel row][kernel column].
package struct TensorConvolution: Sendable, Equatable {
    package let batch: Int
    package let input: ImageShape
    package let output: ImageShape
    package let kernel: Extent
    package let strides: Extent
    package let dilations: Extent
    package let padding: Padding
    package let groups: Int

    package init(
        batch: Int, input: ImageShape, output: ImageShape, kernel: Extent, strides: Extent,
        dilations: Extent, padding: Padding, groups: Int
    ) {
        self.batch = batch
        self.input = input
        self.output = output
        self.kernel = kernel
        self.strides = strides
        self.dilations = dilations
        self.padding = padding
        self.groups = groups
    }
}
