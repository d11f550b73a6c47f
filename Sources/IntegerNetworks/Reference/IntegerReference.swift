// SPDX-License-Identifier: Apache-2.0

import BigIntegers

/// The plaintext integer network: what every encrypted result must equal, exact at any size.
///
/// Operations whose values provably fit Int64 for every input of the box run in machine integers, all others in BigInt.
package struct IntegerReference: Sendable {
    package let network: IntegerNetwork
    /// The number of leading operations that Int64 arithmetic is proven safe for.
    package var machineLayersCount: Int {
        machineLayers.firstIndex { $0 == nil } ?? machineLayers.count
    }

    /// Of each operation that Int64 is safe for.
    private let machineLayers: [MachineLayer?]

    private enum Value {
        case machine([Int64])
        case big([BigInt])

        var big: [BigInt] {
            switch self {
            case .machine(let values): values.map { BigInt($0) }
            case .big(let values): values
            }
        }
    }

    /// Prepares the operations: once for many samples.
    package init(_ network: IntegerNetwork) {
        self.network = network
        machineLayers = zip(network.operations, MachineBound.bounds(of: network).dropFirst()).map {
            $1 == nil ? nil : MachineLayer($0.layer)
        }
    }

    /// Output integers of one sample.
    ///
    /// - Parameter input: `network.inputCount` integers in the box.
    /// - Throws: `NetworkError.wrongCount` or `.outsideBox`.
    package func logits(_ input: [Int]) throws(NetworkError) -> [BigInt] {
        try check(input)
        var values: [Value] = [.machine(input.map(Int64.init))]
        for (operation, machine) in zip(network.operations, machineLayers) {
            if let machine {
                let sources = operation.sources.map { source -> [Int64] in
                    guard case .machine(let found) = values[source] else {
                        preconditionFailure("a machine layer after a big one")
                    }
                    return found
                }
                values.append(.machine(machine.apply(sources)))
            } else {
                values.append(
                    .big(Self.apply(operation.layer, to: operation.sources.map { values[$0].big })))
            }
        }
        return values[values.count - 1].big
    }

    /// Output integers of one sample; prepares the network anew each time.
    package static func logits(
        _ network: IntegerNetwork, input: [Int]
    ) throws(NetworkError) -> [BigInt] {
        try IntegerReference(network).logits(input)
    }

    /// The values after each operation, all computed with BigInt: the slow form that the fast one is tested against.
    package func layerValues(_ input: [Int]) throws(NetworkError) -> [[BigInt]] {
        try check(input)
        var values = [input.map { BigInt($0) }]
        for operation in network.operations {
            values.append(Self.apply(operation.layer, to: operation.sources.map { values[$0] }))
        }
        return Array(values.dropFirst())
    }

    private func check(_ input: [Int]) throws(NetworkError) {
        guard input.count == network.inputCount else {
            throw .wrongCount(of: "the input", expected: network.inputCount, found: input.count)
        }
        let range = network.input.range
        for (index, value) in input.enumerated() where !range.contains(value) {
            throw .outsideBox(index: index, value: value, range: range)
        }
    }

    private static func apply(_ layer: IntegerNetwork.Layer, to sources: [[BigInt]]) -> [BigInt] {
        let input = sources[0]
        switch layer {
        case .square: return input.map { $0 * $0 }
        case .product: return zip(input, sources[1]).map { $0 * $1 }
        case .forest(let forest):
            return forest.leaves { input[$0] != BigInt(0) }.map { BigInt($0) }
        case .table(let tables):
            return tables.apply(input.map { Int64(exactly: $0)! }).map { BigInt($0) }
        case .affine(let affine):
            let all = sources.count == 1 ? input : sources.flatMap { $0 }
            return (0..<affine.matrix.rows).map { row in
                affine.matrix.entries(ofRow: row).reduce(BigInt(affine.bias[row])) {
                    $0 + BigInt(affine.matrix.weights[$1]) * all[affine.matrix.columnIndices[$1]]
                }
            }
        case .dense(let dense):
            return (0..<dense.outputs).map { output in
                var sum = BigInt(dense.bias[output])
                for (index, value) in input.enumerated() {
                    let weight = dense.weight(output: output, input: index)
                    if weight != 0 { sum += BigInt(weight) * value }
                }
                return sum
            }
        case .convolution(let convolution):
            return (0..<convolution.outputShape.count).map { output in
                let (map, position) = output.quotientAndRemainder(
                    dividingBy: convolution.positionsCount)
                var sum = BigInt(convolution.bias[map])
                for tap in 0..<convolution.tapsCount {
                    let weight = convolution.weight(map: map, tap: tap)
                    guard weight != 0,
                        let index = convolution.inputIndex(tap: tap, position: position)
                    else { continue }
                    sum += BigInt(weight) * input[index]
                }
                return sum
            }
        }
    }
}
