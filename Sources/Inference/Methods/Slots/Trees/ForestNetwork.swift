// SPDX-License-Identifier: Apache-2.0

import IntegerNetworks

/// A network of trees and a linear map of their leaves, as layouts see it.
struct ForestNetwork {
    /// What a slot does: it is worth something for one output where all terms of a leaf are met.
    struct Cell: Sendable {
        let tree: Int
        let output: Int
        let weight: Int64
        let terms: [Forest.Term]
    }

    let conditionCount: Int
    let outputCount: Int
    /// Of the bits' outputs, tree by tree, leaves in the order in which a walk meets them.
    let cells: [Cell]
    /// Of each output, what is added whatever the leaves.
    let bias: [Int64]
    /// Terms of the cell that has most.
    let degree: Int

    /// Cells of the tree and output that has most.
    var largestTree: Int {
        var (largest, count) = (0, 0)
        for (index, cell) in cells.enumerated() {
            let isSame =
                index > 0 && cells[index - 1].tree == cell.tree
                && cells[index - 1].output == cell.output
            count = isSame ? count + 1 : 1
            largest = max(largest, count)
        }
        return largest
    }

    /// nil for a network that is not of trees and a map of their leaves.
    init?(_ network: IntegerNetwork) {
        guard network.operations.count == 2, network.operations[1].sources == [1],
            let forest = network.forest,
            let matrix = network.operations[1].layer.matrix(),
            var bias = network.operations[1].layer.biasVector
        else { return nil }
        var weights = [[(output: Int, weight: Int64)]](repeating: [], count: forest.leafCount)
        for output in 0..<matrix.rows {
            for (leaf, weight) in matrix.row(output) where weight != 0 {
                weights[leaf].append((output, weight))
            }
        }
        let paths = forest.paths
        var cells: [Cell] = []
        for (tree, leaves) in forest.leavesOfTrees.enumerated() {
            for leaf in leaves {
                guard let terms = paths[leaf] else { continue }
                for (output, weight) in weights[leaf] {
                    // A tree of one leaf.
                    if terms.isEmpty {
                        bias[output] += weight
                    } else {
                        cells.append(
                            Cell(tree: tree, output: output, weight: weight, terms: terms))
                    }
                }
            }
        }
        conditionCount = forest.conditionCount
        outputCount = matrix.rows
        // Of one tree and output together.
        self.cells = cells.enumerated().sorted {
            ($0.element.tree, $0.element.output, $0.offset)
                < ($1.element.tree, $1.element.output, $1.offset)
        }.map(\.element)
        self.bias = bias
        degree = cells.reduce(1) { max($0, $1.terms.count) }
    }
}

extension Forest.Term {
    /// The bits of its linear form.
    var bits: [(condition: Int, factor: Int64)] {
        [(holds, Int64(1)), (fails, Int64(-1))].compactMap { bit, factor in
            bit.map { ($0, factor) }
        }
    }
}
