// SPDX-License-Identifier: Apache-2.0

import IntegerNetworks
import TensorGraphs

/// MatMul and Gemm.
extension TensorGraphImporter {
    mutating func matrixProduct(_ node: ONNXNode) throws(ONNXError) -> ImportedValue {
        try check(node, inputs: 2...2)
        return try matrixProduct(node, try real(node, 0), try real(node, 1))
    }

    mutating func matrixProduct(
        _ node: ONNXNode, _ a: ImportedValue, _ b: ImportedValue
    ) throws(ONNXError) -> ImportedValue {
        var (a, b) = (a, b)
        guard !a.shape.isEmpty, !b.shape.isEmpty else { throw node.refusal("a scalar") }
        // Vectors become matrices of one row or column, and lose that in the end.
        let isRow = a.shape.count == 1
        let isColumn = b.shape.count == 1
        if isRow { a = reshaped(a, [1] + a.shape) }
        if isColumn { b = reshaped(b, b.shape + [1]) }
        let rows = a.shape[a.shape.count - 2]
        let inner = a.shape[a.shape.count - 1]
        let columns = b.shape[b.shape.count - 1]
        guard b.shape[b.shape.count - 2] == inner,
            let batch = IndexLists.broadcast(
                Array(a.shape.dropLast(2)), Array(b.shape.dropLast(2)))
        else { throw node.refusal("sizes \(a.shape) and \(b.shape)") }
        let product = try product(
            node, a, b, batch: batch, rows: rows, inner: inner, columns: columns)
        return reshaped(
            product, batch + (isRow ? [] : [rows]) + (isColumn ? [] : [columns]))
    }

    private mutating func product(
        _ node: ONNXNode, _ a: ImportedValue, _ b: ImportedValue, batch: [Int], rows: Int,
        inner: Int, columns: Int
    ) throws(ONNXError) -> ImportedValue {
        let shape = batch + [rows, columns]
        if case .constant(let weights) = b, b.count == inner * columns, !a.isConstant {
            return try product(
                node, try broadcast(node, a, to: batch + [rows, inner]), weights, bias: nil,
                inner: inner, columns: columns, shape: shape)
        }
        if a.isConstant, !b.isConstant, a.count == rows * inner, batch.allSatisfy({ $0 == 1 }) {
            // A x is the transposed x^T A^T.
            let x = try transposed(node, reshaped(b, [inner, columns]), [1, 0])
            let matrix = try transposed(node, reshaped(a, [rows, inner]), [1, 0])
            guard case .constant(let weights) = matrix else {
                throw node.refusal("its weights are not constant")
            }
            let result = try product(
                node, x, weights, bias: nil, inner: inner, columns: rows, shape: [columns, rows])
            return reshaped(try transposed(node, result, [1, 0]), shape)
        }
        let batches = batch.reduce(1, *)
        let first = try broadcast(node, a, to: batch + [rows, inner])
        let second = try broadcast(node, b, to: batch + [inner, columns])
        if case .constant(let weights) = second, !a.isConstant {
            return try batchProduct(
                node, first, weights, batches: batches, inner: inner, columns: columns,
                shape: shape)
        }
        try chargeWork(node, [batches, rows, inner, columns])
        // Work that is done here counts as if it were elements.
        if a.isConstant, b.isConstant { _ = try count([batches, rows, inner, columns], node) }
        return try apply(
            node,
            .matrixProduct(batches: batches, rows: rows, inner: inner, columns: columns),
            [first, second], shape: shape)
    }

    /// Rows of an activation times one constant matrix.
    mutating func product(
        _ node: ONNXNode, _ a: ImportedValue, _ weights: ImportedConstant, bias: [Float]?,
        inner: Int, columns: Int, shape: [Int]
    ) throws(ONNXError) -> ImportedValue {
        guard let matrix = weights.weights, inner > 0, columns > 0 else {
            throw node.refusal("weights of sizes \(weights.shape)")
        }
        let rows = a.count / inner
        try charge(matrix.values.count, node)
        try chargeWork(node, [rows, inner, columns])
        // Scales of an axis count from the last two sizes.
        var kept = matrix
        if let quantization = matrix.quantization, weights.shape.count > 2 {
            kept = TensorWeights(
                values: matrix.values,
                quantization: TensorWeights.Quantization(
                    integers: quantization.integers, scales: quantization.scales,
                    axis: quantization.axis - (weights.shape.count - 2)))
        }
        return try apply(
            node, .matrix(weights: kept, bias: bias, rows: rows, inner: inner, columns: columns),
            [a], shape: shape)
    }

    /// An activation with a constant matrix for each of its leading indices.
    private mutating func batchProduct(
        _ node: ONNXNode, _ a: ImportedValue, _ weights: ImportedConstant, batches: Int,
        inner: Int, columns: Int, shape: [Int]
    ) throws(ONNXError) -> ImportedValue {
        let reals = weights.reals ?? []
        let outputs = try count(shape, node)
        _ = try count([outputs, inner], node)
        let rows = batches == 0 ? 0 : outputs / columns / batches
        var indices: [Int32] = []
        var factors: [Float] = []
        for batch in 0..<batches {
            for row in 0..<rows {
                for column in 0..<columns {
                    for place in 0..<inner {
                        indices.append(Int32((batch * rows + row) * inner + place))
                        factors.append(Float(reals[(batch * inner + place) * columns + column]))
                    }
                }
            }
        }
        let starts = (0...outputs).map { $0 * inner }
        return try apply(
            node, .weightedSum(starts: starts, indices: indices, weights: factors), [a],
            shape: shape)
    }

    mutating func gemm(_ node: ONNXNode) throws(ONNXError) -> ImportedValue {
        try check(node, inputs: 2...3, attributes: ["alpha", "beta", "transA", "transB"])
        var (a, b) = (try real(node, 0), try real(node, 1))
        guard a.shape.count == 2, b.shape.count == 2 else {
            throw node.refusal("sizes \(a.shape) and \(b.shape); matrices are accepted")
        }
        if try flag(node, "transA", default: false) { a = try transposed(node, a, [1, 0]) }
        if try flag(node, "transB", default: false) { b = try transposed(node, b, [1, 0]) }
        let (rows, inner, columns) = (a.shape[0], a.shape[1], b.shape[1])
        guard b.shape[0] == inner else { throw node.refusal("sizes \(a.shape) and \(b.shape)") }
        let alpha = try node.float("alpha", default: 1)
        let beta = try node.float("beta", default: 1)
        let shape = [rows, columns]
        var term: ImportedValue?
        if node.input(2) != nil {
            let found = try real(node, 2)
            guard IndexLists.broadcast(found.shape, shape) == shape else {
                throw node.refusal("a term of sizes \(found.shape) for \(shape)")
            }
            term = try scaled(node, found, by: beta)
        }
        var product: ImportedValue
        if case .constant(let weights) = b, !a.isConstant {
            var bias: [Float]?
            if case .constant(let constant)? = term, constant.count == (constant.shape.last ?? 1),
                let reals = constant.reals
            {
                bias =
                    reals.count == columns
                    ? reals.map { Float($0) }
                    : Array(repeating: Float(reals[0]), count: columns)
                term = nil
            }
            return try sum(
                node,
                try self.product(
                    node, a, weights.scaled(by: alpha), bias: bias, inner: inner,
                    columns: columns, shape: shape), term)
        }
        product = try self.product(
            node, a, b, batch: [], rows: rows, inner: inner, columns: columns)
        product = try scaled(node, product, by: alpha)
        return try sum(node, product, term)
    }

    private mutating func sum(
        _ node: ONNXNode, _ value: ImportedValue, _ term: ImportedValue?
    ) throws(ONNXError) -> ImportedValue {
        guard let term else { return value }
        return try arithmetic(node, .add, value, term)
    }
}
