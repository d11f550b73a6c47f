// SPDX-License-Identifier: Apache-2.0

/// A fully connected layer over integers: y = W x + b.
package struct Dense: Sendable, Equatable {
    /// Row-major, outputs by inputs.
    package let weights: [Int64]
    /// One integer an output, in units of the accumulator.
    package let bias: [Int64]
    package let inputs: Int
    package let outputs: Int

    /// - Throws: `NetworkError` when a size is not positive or the lists don't fit it.
    package init(
        weights: [Int64], bias: [Int64], inputs: Int, outputs: Int
    ) throws(NetworkError) {
        let expected = try checkedCount([outputs, inputs], of: "the dense layer's weights")
        guard weights.count == expected else {
            throw .wrongCount(
                of: "the dense layer's weights", expected: expected, found: weights.count)
        }
        guard bias.count == outputs else {
            throw .wrongCount(
                of: "the dense layer's bias", expected: outputs, found: bias.count)
        }
        self.weights = weights
        self.bias = bias
        self.inputs = inputs
        self.outputs = outputs
    }

    package func weight(output: Int, input: Int) -> Int64 { weights[output * inputs + input] }

    /// The layer as a sparse matrix of outputs by inputs; zero weights leave no entry, unless they are kept.
    package func matrix(keepingZeros: Bool = false) -> SparseIntegerMatrix {
        var matrix = SparseIntegerMatrix(columns: inputs)
        for output in 0..<outputs {
            for input in 0..<inputs {
                let weight = weight(output: output, input: input)
                if keepingZeros || weight != 0 { matrix.append(column: input, weight: weight) }
            }
            matrix.endRow()
        }
        return matrix
    }
}
