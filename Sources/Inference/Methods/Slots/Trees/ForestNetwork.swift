// SPDX-License-Identifier: Apache-2.0

import IntegerNetworks

/// A network of trees and a linear map of their leaves, as layouts see it.
struct ForestNetwork {
    /// What a slot does: it is worth something for one output where all terms of a leaf are met, or of the split above
    /// two leaves, of which a bit says which.
    struct Cell: Sendable {
        let tree: Int
        let output: Int
        /// What it is worth where the bit isn't set, if there is one.
        let weight: Int64
        /// What a set bit adds to that.
        let choice: Choice?
        let terms: [Forest.Term]

        /// Bits that it reads.
        var reads: [Read] {
            terms.flatMap(\.bits).map {
                Read(condition: $0.condition, sum: .unmet, factor: -2 * $0.factor)
            }
                + (choice.map {
                    [Read(condition: $0.condition, sum: .worth, factor: $0.weight)]
                } ?? [])
        }
    }

    struct Choice: Sendable {
        let condition: Int
        let weight: Int64
    }

    /// Sums of bits that a cell is made of.
    enum Sum: Int, Sendable {
        /// z: twice the terms that are not met, less one more than there can be.
        case unmet
        /// What it is worth.
        case worth
    }

    struct Read: Sendable {
        let condition: Int
        let sum: Sum
        let factor: Int64
    }

    let conditionCount: Int
    let outputCount: Int
    /// Of the bits' outputs, tree by tree, leaves in the order in which a walk meets them.
    let cells: [Cell]
    /// Of each output, what is added whatever the leaves.
    let bias: [Int64]
    /// Terms of the cell that has most, one at least.
    let degree: Int
    /// Whether cells choose between leaves.
    let hasPairs: Bool
    /// Conditions that the tree of most asks for.
    let mostConditions: Int

    var leavesPerCell: Int { hasPairs ? 2 : 1 }

    /// Sums of bits that each cell takes.
    var sums: [Sum] { hasPairs ? [.unmet, .worth] : [.unmet] }

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

    /// - Parameter pairs: whether two leaves of one split are one cell: half as many, and of one term less.
    /// - Returns: nil for a network that is not of trees and a map of their leaves.
    init?(_ network: IntegerNetwork, pairs: Bool) {
        guard network.operations.count == 2, network.operations[1].sources == [1],
            let forest = network.forest,
            let matrix = network.operations[1].layer.matrix(),
            var bias = network.operations[1].layer.biasVector
        else { return nil }
        var weights = [[Int: Int64]](repeating: [:], count: forest.leafCount)
        for output in 0..<matrix.rows {
            for (leaf, weight) in matrix.row(output) where weight != 0 {
                weights[leaf][output] = weight
            }
        }
        let terms = forest.terms()
        var cells: [Cell] = []
        for (tree, root) in forest.roots.enumerated() {
            func append(
                _ worth: [Int: Int64], _ terms: [Forest.Term],
                choosing: (condition: Int, worth: [Int: Int64])? = nil
            ) {
                for output in Set(worth.keys).union(choosing?.worth.keys ?? [:].keys) {
                    let weight = worth[output] ?? 0
                    let choice = choosing.map {
                        Choice(condition: $0.condition, weight: ($0.worth[output] ?? 0) - weight)
                    }
                    // A tree of one leaf.
                    if terms.isEmpty, choice == nil {
                        bias[output] += weight
                    } else {
                        cells.append(
                            Cell(
                                tree: tree, output: output, weight: weight,
                                choice: choice?.weight == 0 ? nil : choice, terms: terms))
                    }
                }
            }
            var waiting = [root]
            while let place = waiting.popLast() {
                guard place >= 0 else {
                    let leaf = -1 - place
                    if let terms = terms.leaves[leaf] { append(weights[leaf], terms) }
                    continue
                }
                let split = forest.splits[place]
                let (first, second) = (-1 - split.whenTrue, -1 - split.whenFalse)
                guard pairs, first >= 0, second >= 0, let above = terms.splits[place],
                    terms.leaves[first] != nil, terms.leaves[second] != nil
                else {
                    waiting += [split.whenFalse, split.whenTrue]
                    continue
                }
                append(weights[second], above, choosing: (split.condition, weights[first]))
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
        hasPairs = cells.contains { $0.choice != nil }
        var asked: [Int: Set<Int>] = [:]
        for cell in cells { asked[cell.tree, default: []].formUnion(cell.reads.map(\.condition)) }
        mostConditions = asked.values.reduce(1) { max($0, $1.count) }
    }
}

extension Forest.Term {
    /// The bits of its linear form.
    fileprivate var bits: [(condition: Int, factor: Int64)] {
        [(holds, Int64(1)), (fails, Int64(-1))].compactMap { bit, factor in
            bit.map { ($0, factor) }
        }
    }
}
