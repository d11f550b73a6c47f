// SPDX-License-Identifier: Apache-2.0

import IntegerNetworks

/// An operation of an integer network under construction: integers held in Double.
struct AssembledOperation: Sendable {
    enum Kind: Sendable {
        /// Maps with integer weights, one a source, and an integer an output element.
        case affine(RealAffine)
        case product
        case forest(Forest)
        case table(LookupTables)
    }

    var kind: Kind
    var sources: [Int]
    /// The node of the real network that it is for.
    let node: String

    /// - Throws: `QuantizationError.outOfRange` where an integer exceeds 2^62.
    func layer(count: Int) throws(QuantizationError) -> IntegerNetwork.Layer {
        let affine: RealAffine
        switch kind {
        case .product:
            return sources[0] == sources[1] ? .square(count: count) : .product(count: count)
        case .forest(let forest): return .forest(forest)
        case .table(let tables): return .table(tables)
        case .affine(let made): affine = made
        }
        let bias = try integers(affine.bias)
        do {
            if affine.maps.count == 1 {
                if case .convolution(let found) = affine.maps[0],
                    let layer = try convolution(found, bias)
                {
                    return layer
                }
                if case .matrix(let matrix) = affine.maps[0], affine.shape.count == 1,
                    2 * matrix.entriesCount >= matrix.rows * matrix.columns, matrix.columns > 1
                {
                    return try dense(matrix, bias)
                }
            }
            return .affine(
                try Affine(matrix: try concatenated(affine.maps), bias: bias, shape: affine.shape))
        } catch let error as NetworkError {
            throw .invalidNetwork("\(node): \(error)")
        } catch let error as QuantizationError {
            throw error
        } catch {
            throw .invalidNetwork("\(node): \(error)")
        }
    }

    /// nil unless the bias is one a map.
    private func convolution(_ found: RealConvolution, _ bias: [Int64]) throws -> IntegerNetwork
        .Layer?
    {
        let area = found.positionsCount
        for index in bias.indices where bias[index] != bias[index / area * area] { return nil }
        return .convolution(
            try Convolution(
                weights: try integers(found.weights),
                bias: (0..<found.output.channels).map { bias[$0 * area] },
                inputShape: found.input, kernel: found.kernel, strides: found.strides,
                padding: found.padding))
    }

    private func dense(_ matrix: RealMatrix, _ bias: [Int64]) throws -> IntegerNetwork.Layer {
        var weights = [Double](repeating: 0, count: matrix.rows * matrix.columns)
        for row in 0..<matrix.rows {
            for entry in matrix.entries(ofRow: row) {
                weights[row * matrix.columns + Int(matrix.columnIndices[entry])] =
                    matrix.weights[entry]
            }
        }
        return .dense(
            try Dense(
                weights: try integers(weights), bias: bias, inputs: matrix.columns,
                outputs: matrix.rows))
    }

    /// The maps side by side, as one matrix of the sources end to end.
    private func concatenated(_ maps: [LinearMap]) throws -> SparseIntegerMatrix {
        let matrices = try maps.map { map in
            guard let matrix = map.matrix else {
                throw QuantizationError.tooLarge(node: node, reason: "its matrix is too large")
            }
            return matrix
        }
        var result = SparseIntegerMatrix(columns: matrices.reduce(0) { $0 + $1.columns })
        for row in 0..<matrices[0].rows {
            var start = 0
            for matrix in matrices {
                for entry in matrix.entries(ofRow: row) where matrix.weights[entry] != 0 {
                    result.append(
                        column: start + Int(matrix.columnIndices[entry]),
                        weight: try integer(matrix.weights[entry]))
                }
                start += matrix.columns
            }
            result.endRow()
        }
        return result
    }

    private func integers(_ values: [Double]) throws(QuantizationError) -> [Int64] {
        var integers: [Int64] = []
        integers.reserveCapacity(values.count)
        for value in values { integers.append(try integer(value)) }
        return integers
    }

    private func integer(_ value: Double) throws(QuantizationError) -> Int64 {
        guard abs(value) < 0x1p62 else {
            throw .outOfRange(
                node: node,
                reason: "a coefficient of more than 62 bits")
        }
        return Int64(value)
    }
}
