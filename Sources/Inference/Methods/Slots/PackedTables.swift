// SPDX-License-Identifier: Apache-2.0

import BFV
import InferenceClient
import IntegerNetworks

/// Tables of one value of a network on their way through the depths that their polynomials take.
struct PackedTables {
    /// The polynomials: of value 0 the powers, the leaves, the trees.
    let network: ArithmeticNetwork
    /// The network's value that they read.
    let source: Int
    /// The network's values that they make.
    let results: [Int]
    /// Of the source.
    let firstDepth: Int
    /// The packed network's value of each of the polynomials' that there is so far.
    var values: [Int: Int] = [:]
    /// Of each table in each slot an element with the table that its leaves have there.
    private var layouts: [ObjectIdentifier: SlotLayout] = [:]

    private init(_ tables: [(value: Int, tables: LookupTables)], source: Int, depth: Int) {
        network = ArithmeticNetwork(tables.map(\.tables))
        self.source = source
        results = tables.map(\.value)
        firstDepth = depth
    }

    static func all(_ network: IntegerNetwork) -> [PackedTables] {
        let depths = network.depths
        var all: [Int: [(value: Int, tables: LookupTables)]] = [:]
        for (index, operation) in network.operations.enumerated() {
            guard case .table(let tables) = operation.layer else { continue }
            all[operation.sources[0], default: []].append((index + 1, tables))
        }
        return all.sorted { $0.key < $1.key }.map { source, tables in
            PackedTables(tables, source: source, depth: depths[source])
        }
    }

    /// Operations whose results are of a depth of the network, with their numbers.
    func steps(at depth: Int) -> [(index: Int, operation: ArithmeticNetwork.Operation)] {
        guard values[0] != nil else { return [] }
        return network.operations.enumerated().filter {
            network.depths[$0.offset + 1] == depth - firstDepth
        }.map { ($0.offset, $0.element) }
    }

    /// - Parameter source: where the elements lie.
    mutating func layout(
        of leaf: TableLeaf, at source: SlotLayout, _ shape: SlotShape
    ) -> SlotLayout {
        let key = ObjectIdentifier(leaf.polynomials)
        if let known = layouts[key] { return known }
        let made = source.filled(choices: leaf.polynomials.tables.choices, shape)
        layouts[key] = made
        return made
    }
}

extension SlotLayout {
    /// An element of the same table in each slot, the same one for all slots with a table, and in empty slots such that all
    /// repeats after the fewest columns: nothing reads what a table makes of an empty slot.
    fileprivate func filled(choices: [Int], _ shape: SlotShape) -> SlotLayout {
        var first: [Int: Int32] = [:]
        for (element, choice) in choices.enumerated() where first[choice] == nil {
            first[choice] = Int32(element)
        }
        let tables = features.map { $0 == Self.empty ? $0 : first[choices[Int($0)]]! }
        var period = 1
        search: while period < shape.columns {
            var found = [Int32](repeating: Self.empty, count: period)
            for (slot, table) in tables.enumerated() where table != Self.empty {
                let place = slot & (period - 1)
                guard found[place] == Self.empty || found[place] == table else {
                    period *= 2
                    continue search
                }
                found[place] = table
            }
            return SlotLayout(
                features: tables.indices.map {
                    let table = found[$0 & (period - 1)]
                    return table == Self.empty ? 0 : table
                })
        }
        return SlotLayout(features: tables)
    }
}
