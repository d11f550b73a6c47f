// SPDX-License-Identifier: Apache-2.0

import BigIntegers
import InferenceClient
import IntegerNetworks

/// A network without products, as what it is: outputs = rows x inputs + biases, in integers.
struct ComposedMatrix: Sendable {
    let rows: [[BigInt]]
    let biases: [BigInt]

    /// Largest number of weights of any layer's map of the inputs.
    private static let maximumWeights = 1 << 24

    /// Composes all layers, exactly.
    /// - Throws: `PlanError` for a network with products, or layers too wide to be composed.
    init(_ network: IntegerNetwork) throws {
        if let product = network.operations.first(where: { $0.layer.isProduct }) {
            throw PlanError.unsuited(
                .paillier, "it adds and doesn't multiply: '\(product.layer.summary)' needs products"
            )
        }
        let inputs = network.inputCount
        for operation in network.operations {
            let count = operation.layer.outputCount
            guard count <= Self.maximumWeights / inputs else {
                throw PlanError.unsuited(
                    .paillier,
                    "'\(operation.layer.summary)' makes \(count) sums of \(inputs) inputs; at most \(Self.maximumWeights) weights are composed"
                )
            }
        }
        // Of each value, rows over the inputs and a constant; of the inputs only where a layer reads them beside
        // others.
        var values: [(rows: [[BigInt]], biases: [BigInt])] = [([], [])]
        if network.operations.contains(where: { $0.sources != [0] && $0.sources.contains(0) }) {
            guard inputs <= Self.maximumWeights / inputs else {
                throw PlanError.unsuited(
                    .paillier, "\(inputs) inputs beside other values")
            }
            values[0] = (
                (0..<inputs).map { i in (0..<inputs).map { BigInt($0 == i ? 1 : 0) } },
                [BigInt](repeating: 0, count: inputs)
            )
        }
        for (index, operation) in network.operations.enumerated() {
            guard let matrix = operation.layer.matrix(), let bias = operation.layer.biasVector
            else {
                throw PlanError.unsuited(.paillier, "'\(operation.layer.summary)' is not linear")
            }
            var out: (rows: [[BigInt]], biases: [BigInt]) = ([], [])
            if operation.sources == [0] {
                // The inputs themselves: no need to multiply by an identity.
                for row in 0..<matrix.rows {
                    var weights = [BigInt](repeating: 0, count: inputs)
                    for (column, weight) in matrix.row(row) { weights[column] += BigInt(weight) }
                    out.rows.append(weights)
                    out.biases.append(BigInt(bias[row]))
                }
            } else {
                let rows = operation.sources.flatMap { values[$0].rows }
                let biases = operation.sources.flatMap { values[$0].biases }
                for row in 0..<matrix.rows {
                    var weights = [BigInt](repeating: 0, count: inputs)
                    var sum = BigInt(bias[row])
                    for (column, weight) in matrix.row(row) {
                        let factor = BigInt(weight)
                        sum += factor * biases[column]
                        for i in 0..<inputs { weights[i] += factor * rows[column][i] }
                    }
                    out.rows.append(weights)
                    out.biases.append(sum)
                }
            }
            values.append(out)
            // What is read no more.
            for value in values.indices.dropFirst().dropLast()
            where !network.operations[(index + 1)...].contains(where: {
                $0.sources.contains(value)
            }) {
                values[value] = ([], [])
            }
        }
        (rows, biases) = values[values.count - 1]
    }
}
