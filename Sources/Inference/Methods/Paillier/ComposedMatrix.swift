// SPDX-License-Identifier: Apache-2.0

import BigIntegers
import InferenceClient
import IntegerNetworks

/// A network without products, as what it is: outputs = rows x inputs + biases, in integers.
struct ComposedMatrix: Sendable {
    let rows: [[BigInt]]
    let biases: [BigInt]

    /// Largest number of weights of any layer's map of the inputs.
    private static let maximumWeights = 1 << 22

    /// Composes all layers, exactly.
    /// - Throws: `PlanError` for a network with products, or layers too wide to be composed.
    init(_ network: IntegerNetwork) throws {
        let layers = network.layers
        if let product = layers.first(where: \.isProduct) {
            throw PlanError.unsuited(
                .paillier, "it adds and doesn't multiply: '\(product.summary)' needs products")
        }
        let inputs = network.inputCount
        if let wide = layers.first(where: { $0.outputCount > Self.maximumWeights / inputs }) {
            throw PlanError.unsuited(
                .paillier,
                "'\(wide.summary)' makes \(wide.outputCount) sums of \(inputs) inputs; at most \(Self.maximumWeights) weights are composed"
            )
        }
        // Of each value that is still read, its rows; behind the inputs stands the constant.
        var values: [[Row]] = [(0..<inputs).map { Row(columns: [$0], weights: .small([1])) }]
        var composed: [Row] = []
        for (index, operation) in network.operations.enumerated() {
            guard let map = PackedMap(operation.layer) else {
                throw PlanError.unsuited(.paillier, "'\(operation.layer.summary)' is not linear")
            }
            let sources = operation.sources.flatMap { values[$0] }
            composed = (0..<map.matrix.rows).map { row in
                Row.sum(map.matrix.row(row), of: sources, plus: map.bias[row], columns: inputs + 1)
            }
            let later = network.operations[(index + 1)...].flatMap(\.sources)
            for source in operation.sources where !later.contains(source) { values[source] = [] }
            values.append(later.isEmpty ? [] : composed)
        }
        rows = composed.map { Array($0.all(inputs + 1).dropLast()) }
        biases = composed.map { $0.all(inputs + 1)[inputs] }
    }
}

/// A row of integers, of which those that are not 0 are kept; in machine words as long as they fit.
private struct Row {
    enum Weights {
        case small([Int64])
        case large([BigInt])
    }

    let columns: [Int]
    let weights: Weights

    /// The sum of rows times factors, and a constant in the last column.
    static func sum(
        _ factors: [(Int, Int64)], of rows: [Row], plus constant: Int64, columns: Int
    ) -> Row {
        var sums = [Int64](repeating: 0, count: columns)
        sums[columns - 1] = constant
        for (index, factor) in factors {
            guard rows[index].add(to: &sums, times: factor) else {
                return largeSum(factors, of: rows, plus: constant, columns: columns)
            }
        }
        let kept = sums.indices.filter { sums[$0] != 0 }
        return Row(columns: kept, weights: .small(kept.map { sums[$0] }))
    }

    private static func largeSum(
        _ factors: [(Int, Int64)], of rows: [Row], plus constant: Int64, columns: Int
    ) -> Row {
        var sums = [BigInt](repeating: 0, count: columns)
        sums[columns - 1] = BigInt(constant)
        for (index, factor) in factors {
            let factor = BigInt(factor)
            switch rows[index].weights {
            case .small(let weights):
                for (column, weight) in zip(rows[index].columns, weights) {
                    sums[column] += factor * BigInt(weight)
                }
            case .large(let weights):
                for (column, weight) in zip(rows[index].columns, weights) {
                    sums[column] += factor * weight
                }
            }
        }
        let kept = sums.indices.filter { !sums[$0].isZero }
        return Row(columns: kept, weights: .large(kept.map { sums[$0] }))
    }

    /// - Returns: whether all sums fit.
    private func add(to sums: inout [Int64], times factor: Int64) -> Bool {
        guard case .small(let weights) = weights else { return false }
        var hasOverflown = false
        sums.withUnsafeMutableBufferPointer { sums in
            for (column, weight) in zip(columns, weights) {
                let (product, wide) = factor.multipliedReportingOverflow(by: weight)
                let (sum, wraps) = sums[column].addingReportingOverflow(product)
                sums[column] = sum
                hasOverflown = hasOverflown || wide || wraps
            }
        }
        return !hasOverflown
    }

    func all(_ count: Int) -> [BigInt] {
        var out = [BigInt](repeating: 0, count: count)
        for (index, column) in columns.enumerated() {
            switch weights {
            case .small(let weights): out[column] = BigInt(weights[index])
            case .large(let weights): out[column] = weights[index]
            }
        }
        return out
    }
}
