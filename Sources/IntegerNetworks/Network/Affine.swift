// SPDX-License-Identifier: Apache-2.0

/// Any linear map over integers, sparse: y = W x + b, x being its sources laid end to end. Residual additions,
/// concatenations, pooling and whatever was composed with them.
package struct Affine: Sendable, Equatable {
    /// Outputs by inputs.
    package let matrix: SparseIntegerMatrix
    /// One integer an output, in units of the accumulator.
    package let bias: [Int64]
    /// Sizes of what comes out: [C, H, W] where it is an image, else [count]. A hint for the layout.
    package let shape: [Int]

    /// - Throws: `NetworkError` where the bias or the shape doesn't fit the matrix, or a row's columns don't ascend.
    package init(
        matrix: SparseIntegerMatrix, bias: [Int64], shape: [Int]? = nil
    ) throws(NetworkError) {
        _ = try checkedCount([matrix.columns], of: "an affine map's input")
        let expected = try checkedCount(shape ?? [matrix.rows], of: "an affine map's output")
        guard expected == matrix.rows else {
            throw .wrongCount(
                of: "an affine map's rows", expected: expected, found: matrix.rows)
        }
        for row in 0..<matrix.rows {
            let columns = matrix.columnIndices[matrix.entries(ofRow: row)]
            guard zip(columns, columns.dropFirst()).allSatisfy({ $0 < $1 }) else {
                throw .invalidShape("row \(row) of an affine map whose columns don't ascend")
            }
        }
        guard bias.count == matrix.rows else {
            throw .wrongCount(
                of: "an affine map's bias", expected: matrix.rows, found: bias.count)
        }
        self.matrix = matrix
        self.bias = bias
        self.shape = shape ?? [matrix.rows]
    }

    /// y_i = factors_i x_i + bias_i.
    package static func diagonal(
        _ factors: [Int64], bias: [Int64], shape: [Int]? = nil
    ) throws(NetworkError) -> Affine {
        _ = try checkedCount([factors.count], of: "an affine map's input")
        var matrix = SparseIntegerMatrix(columns: factors.count)
        for (index, factor) in factors.enumerated() {
            if factor != 0 { matrix.append(column: index, weight: factor) }
            matrix.endRow()
        }
        return try Affine(matrix: matrix, bias: bias, shape: shape)
    }
}
