// SPDX-License-Identifier: Apache-2.0

import BigIntegers
import IntegerNetworks

/// Maxima of windows by what is below each threshold, in place of one difference after another.
///
/// Of codes from low to high, max = high - sum over j in low + 1 ... high of the product of [x < j] over the window. All
/// [x < j] are tables of one value, which share its powers, and products of n elements take log2 n levels: of 8 codes
/// and windows of 4 that are 5 products in a row and one set of leaves, by a + max(b - a, 0) twice 4 and two. Products
/// are more, each at fewer moduli.
package struct ThresholdPooling {
    /// Windows of one value's elements that are pooled by operations one after another.
    private struct Pool {
        /// As operations name their sources.
        let value: Int
        /// Of each step, of each element that it makes, the one or two that it is the larger of.
        var steps: [[[Int]]]
        /// Operations that make it, of which the last has the result.
        var operations: Set<Int>
        /// Of each step, sizes of what comes out.
        var shapes: [[Int]]

        var result: Int { operations.max()! + 1 }
    }

    private let network: IntegerNetwork
    private var operations: [IntegerNetwork.Operation] = []
    /// Of the network's values, the new ones.
    private var values = [0]

    /// The network with its pools so, where that takes fewer products in a row; the network itself where none does.
    package static func applied(to network: IntegerNetwork) throws -> IntegerNetwork {
        let pools = Self.pools(of: network)
        guard !pools.isEmpty else { return network }
        var pooling = ThresholdPooling(network)
        try pooling.run(pools)
        guard pooling.operations.count <= IntegerNetwork.maximumLayers else { return network }
        return try IntegerNetwork(
            input: network.input, operations: pooling.operations,
            outputScale: network.units.scale, outputExponents: network.units.exponents,
            labels: network.labels, decision: network.decision, transform: network.transform)
    }

    private init(_ network: IntegerNetwork) { self.network = network }

    // MARK: Finding

    /// More codes take more products than their levels save.
    private static let mostCodes = 8

    private static func pools(
        of network: IntegerNetwork
    ) -> [(pool: Pool, codes: ClosedRange<Int64>)] {
        guard network.hasTables else { return [] }
        let operations = network.operations
        var readers = [Int](repeating: 0, count: operations.count + 1)
        for operation in operations {
            for source in Set(operation.sources) { readers[source] += 1 }
        }
        var pools: [Pool] = []
        for index in operations.indices {
            guard let step = step(index, of: operations, readers: readers) else { continue }
            // The result of the last one is read by the two maps of this one alone.
            if let last = pools.last, last.result == step.value, readers[step.value] == 2 {
                pools[pools.count - 1].steps += step.steps
                pools[pools.count - 1].operations.formUnion(step.operations)
                pools[pools.count - 1].shapes += step.shapes
            } else {
                pools.append(step)
            }
        }
        guard !pools.isEmpty else { return [] }
        let ranges = IntervalPropagation.all(operations, input: network.input)
        return pools.compactMap { pool in
            guard
                let low = ranges[pool.value].map(\.lowerBound).min().flatMap(Int64.init(exactly:)),
                let high = ranges[pool.value].map(\.upperBound).max().flatMap(Int64.init(exactly:)),
                low < high, high - low < Int64(mostCodes)
            else { return nil }
            let count = Int(high - low) + 1
            let depth = LookupTables.depth(values: count) + pool.steps.count
            let depthOfDifferences =
                pool.steps.count * LookupTables.depth(values: 2 * count - 1)
            return depth < depthOfDifferences ? (pool, low...high) : nil
        }
    }

    /// A step whose last operation is this one: differences, tables of them, sums.
    private static func step(
        _ index: Int, of operations: [IntegerNetwork.Operation], readers: [Int]
    ) -> Pool? {
        let rows = Maxima.rows(index, of: operations)
        guard let value = rows.first?.value, case .affine(let affine) = operations[index].layer,
            let table = operations[index].sources.first(where: { $0 != value }), table > 0,
            let differences = operations[table - 1].sources.first,
            readers[table] == 1, readers[differences] == 1
        else { return nil }
        let elements = Dictionary(uniqueKeysWithValues: rows.map { ($0.row, $0.elements) })
        // Elements of the value come first or after the tables'.
        let isFirst = operations[index].sources[0] == value
        let tables = operations[table - 1].layer.outputCount
        let count = affine.matrix.columns - tables
        var step: [[Int]] = []
        for row in 0..<affine.matrix.rows {
            if let found = elements[row] {
                step.append(found)
                continue
            }
            let entries = affine.matrix.row(row)
            let element = (entries.first?.column ?? 0) - (isFirst ? 0 : tables)
            guard affine.bias[row] == 0, entries.count == 1, entries[0].weight == 1,
                (0..<count).contains(element)
            else { return nil }
            step.append([element])
        }
        return Pool(
            value: value, steps: [step], operations: [differences - 1, table - 1, index],
            shapes: [affine.shape])
    }

    // MARK: Writing

    private mutating func run(_ pools: [(pool: Pool, codes: ClosedRange<Int64>)]) throws {
        let replaced = pools.reduce(into: Set<Int>()) { $0.formUnion($1.pool.operations) }
        for (index, operation) in network.operations.enumerated() {
            if let (pool, codes) = pools.first(where: { $0.pool.result == index + 1 }) {
                values.append(try append(pool, codes: codes))
            } else if replaced.contains(index) {
                values.append(-1)  // Only the pool reads it.
            } else {
                values.append(append(operation.layer, operation.sources.map { values[$0] }))
            }
        }
    }

    /// - Returns: the value that it makes.
    private mutating func append(_ layer: IntegerNetwork.Layer, _ sources: [Int]) -> Int {
        operations.append(.init(layer, sources: sources))
        return operations.count
    }

    private mutating func append(_ pool: Pool, codes: ClosedRange<Int64>) throws -> Int {
        let source = values[pool.value]
        var width = source == 0 ? network.inputCount : operations[source - 1].layer.outputCount
        let choices = [Int](repeating: 0, count: width)
        // Of each threshold, whether all of an element's window so far is below it.
        var below = try codes.dropFirst().map { threshold in
            let tables = try LookupTables(
                runs: [.init(codes) { $0 < threshold ? 1 : 0 }], choices: choices)
            return append(.table(tables), [source])
        }
        for (step, shape) in zip(pool.steps, pool.shapes) {
            let firsts = try Self.selection(step.map { $0[0] }, of: width, shape: shape)
            let seconds = try Self.selection(step.map { $0[$0.count - 1] }, of: width, shape: shape)
            width = step.count
            below = below.map { value in
                let pair = [append(.affine(firsts), [value]), append(.affine(seconds), [value])]
                return append(.product(count: width), pair)
            }
        }
        var matrix = SparseIntegerMatrix(columns: width * below.count)
        for row in 0..<width {
            for place in below.indices { matrix.append(column: place * width + row, weight: -1) }
            matrix.endRow()
        }
        let sum = try Affine(
            matrix: matrix, bias: [Int64](repeating: codes.upperBound, count: width),
            shape: pool.shapes[pool.shapes.count - 1])
        return append(.affine(sum), below)
    }

    /// An element a row.
    private static func selection(
        _ elements: [Int], of width: Int, shape: [Int]
    ) throws -> Affine {
        var matrix = SparseIntegerMatrix(columns: width)
        for element in elements {
            matrix.append(column: element, weight: 1)
            matrix.endRow()
        }
        return try Affine(
            matrix: matrix, bias: [Int64](repeating: 0, count: elements.count), shape: shape)
    }
}
