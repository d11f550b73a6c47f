// SPDX-License-Identifier: Apache-2.0

/// y = sum of maps of the sources, plus a bias.
package struct RealAffine: Sendable, Equatable {
    /// One a source.
    package var maps: [LinearMap]
    /// One an output element.
    package var bias: [Double]
    /// Sizes of the output, without the batch.
    package var shape: [Int]

    package init(maps: [LinearMap], bias: [Double], shape: [Int]) {
        self.maps = maps
        self.bias = bias
        self.shape = shape
    }
}
