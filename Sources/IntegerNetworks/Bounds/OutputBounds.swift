// SPDX-License-Identifier: Apache-2.0

import BigIntegers

/// A certificate: for every input of the box, every output integer lies in its range. docs: the proofs stand at each
/// method.
package struct OutputBounds: Sendable, Equatable {
    /// What was found for the outputs of a layer.
    package struct LayerReport: Sendable, Equatable {
        /// Such as "dense 2704 -> 100".
        package let layer: String
        /// Largest magnitude that any output can have, by the tightest bounds.
        package let magnitude: BigInt
        /// Number of range ends (two an output) that each method gave first; methods that gave none are absent.
        package let ends: [BoundMethod: Int]
    }

    /// Lowest and highest integer of each output.
    package let outputs: [ClosedRange<BigInt>]
    package let layers: [LayerReport]

    /// Largest magnitude that any output can have.
    package var magnitude: BigInt { Self.magnitude(of: outputs) }

    /// Proves bounds on the outputs for every input in the network's box.
    ///
    /// - Parameter methods: those to use besides interval arithmetic, which always runs.
    package static func certify(
        _ network: IntegerNetwork, methods: Set<BoundMethod> = Set(BoundMethod.allCases)
    ) -> OutputBounds {
        let box = BigInt(network.input.range.lowerBound)...BigInt(network.input.range.upperBound)
        var values = [Array(repeating: box, count: network.inputCount)]
        var reports: [LayerReport] = []
        let prefix =
            methods.isDisjoint(with: [.rowSums, .semidefinite, .joint])
            ? nil : QuadraticPrefix(network)
        for (index, operation) in network.operations.enumerated() {
            let layer = operation.layer
            var refined = RefinedRanges(
                IntervalPropagation.apply(index, of: network.operations, to: values))
            if let prefix, index == 2 { prefix.refine(&refined, methods: methods) }
            if let prefix, methods.contains(.joint), let joint = jointSources(index, network) {
                JointBound(prefix: prefix, hidden: values[3]).refine(
                    &refined, layer: layer, sources: joint)
            }
            if methods.contains(.trees) { refineTrees(&refined, operation, network) }
            values.append(refined.ranges)
            reports.append(
                LayerReport(
                    layer: layer.summary, magnitude: magnitude(of: refined.ranges),
                    ends: refined.ends))
        }
        return OutputBounds(outputs: values[values.count - 1], layers: reports)
    }

    /// For a linear map of trees' leaves.
    private static func refineTrees(
        _ refined: inout RefinedRanges, _ operation: IntegerNetwork.Operation,
        _ network: IntegerNetwork
    ) {
        guard operation.sources.count == 1, operation.sources[0] > 0,
            case .forest(let forest) = network.operations[operation.sources[0] - 1].layer,
            let matrix = operation.layer.matrix(), let bias = operation.layer.biasVector
        else { return }
        for row in 0..<matrix.rows {
            var weights = [BigInt](repeating: 0, count: forest.leafCount)
            for (column, weight) in matrix.row(row) { weights[column] = BigInt(weight) }
            let ranges = forest.ranges { weights[$0] }
            let start = BigInt(bias[row])
            refined.lowerEnd(
                ranges.reduce(start) { $0 + $1.lowerBound }, of: row, method: .trees)
            refined.upperEnd(
                ranges.reduce(start) { $0 + $1.upperBound }, of: row, method: .trees)
        }
    }

    /// For an operation that reads the squares of the third one's results, and at most those of the first one's
    /// besides.
    private static func jointSources(
        _ index: Int, _ network: IntegerNetwork
    ) -> JointBound.Sources? {
        guard index == 4, case .square = network.operations[3].layer,
            network.operations[3].sources == [3]
        else { return nil }
        switch network.operations[4].sources {
        case [4]: return JointBound.Sources(hidden: 0, squares: nil)
        case [4, 2]:
            return JointBound.Sources(
                hidden: 0, squares: network.operations[3].layer.outputCount)
        case [2, 4]:
            return JointBound.Sources(hidden: network.operations[1].layer.outputCount, squares: 0)
        default: return nil
        }
    }

    static func magnitude(of ranges: [ClosedRange<BigInt>]) -> BigInt {
        ranges.reduce(BigInt(0)) {
            max($0, max($1.lowerBound.magnitude, $1.upperBound.magnitude))
        }
    }
}
