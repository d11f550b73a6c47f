// SPDX-License-Identifier: Apache-2.0

/// Constant weights; of those that went through DequantizeLinear the integers too.
package struct TensorWeights: Sendable, Equatable {
    package struct Quantization: Sendable, Equatable {
        /// Codes less their zero points.
        package let integers: [Int64]
        /// One for all, or one for each index of `axis`.
        package let scales: [Float]
        package let axis: Int

        package init(integers: [Int64], scales: [Float], axis: Int) {
            self.integers = integers
            self.scales = scales
            self.axis = axis
        }
    }

    package let values: [Float]
    package let quantization: Quantization?

    package init(values: [Float], quantization: Quantization? = nil) {
        self.values = values
        self.quantization = quantization
    }
}
