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
        // Of each value that is still read, the weights of its rows that are not 0, by input; behind the inputs stands
        // the constant.
        var values: [[[(Int, BigInt)]]] = [(0..<inputs).map { [($0, 1)] }]
        var composed: [[BigInt]] = []
        for (index, operation) in network.operations.enumerated() {
            guard let map = PackedMap(operation.layer) else {
                throw PlanError.unsuited(.paillier, "'\(operation.layer.summary)' is not linear")
            }
            let sources = operation.sources.flatMap { values[$0] }
            composed = (0..<map.matrix.rows).map { row in
                var sums = [BigInt](repeating: 0, count: inputs + 1)
                sums[inputs] = BigInt(map.bias[row])
                for (column, weight) in map.matrix.row(row) {
                    let factor = BigInt(weight)
                    for (input, weight) in sources[column] { sums[input] += factor * weight }
                }
                return sums
            }
            let later = network.operations[(index + 1)...].flatMap(\.sources)
            for source in operation.sources where !later.contains(source) { values[source] = [] }
            values.append(
                later.isEmpty ? [] : composed.map { $0.enumerated().filter { $1 != 0 } })
        }
        biases = composed.map { $0[inputs] }
        // In place: rows may be large.
        for row in composed.indices { composed[row].removeLast() }
        rows = composed
    }
}
