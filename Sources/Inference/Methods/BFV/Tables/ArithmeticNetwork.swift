// SPDX-License-Identifier: Apache-2.0

import IntegerNetworks

/// A network as linear maps and products of vectors: what circuits are made of, and what a table is in them.
///
/// A table is the polynomial through its values, by baby steps and giant steps (Paterson and Stockmeyer, 1973): powers
/// x to x^(b - 1), leaves that are linear maps of them, and a binary tree of products with x^b, x^2b, x^4b and so on.
/// Tables of one value share its powers.
struct ArithmeticNetwork {
    enum Kind {
        case map(PackedMap)
        case leaf(TableLeaf)
        /// Of two values, element by element.
        case product
    }

    struct Operation {
        let kind: Kind
        /// 0 is the input, i + 1 the result of operation i.
        let sources: [Int]
        let width: Int
        /// Of operations that are run one part after another, which one; nil for those behind all parts.
        let part: Int?

        var isProduct: Bool { if case .product = kind { true } else { false } }
    }

    let inputCount: Int
    private(set) var operations: [Operation] = []
    /// See `Circuit.addsProducts`.
    let addsProducts: Bool
    /// Of every value, the input first: the products on the longest way to it.
    private(set) var depths = [0]
    /// Of tables alone, the value of each.
    private(set) var results: [Int] = []
    /// Of values that tables read, their powers from the first.
    private var powers: [Int: [Int: Int]] = [:]

    /// Of nothing yet.
    init(inputCount: Int, addsProducts: Bool) {
        self.inputCount = inputCount
        self.addsProducts = addsProducts
    }

    /// - Throws: `PackingError.noCover` for a layer that is none of these.
    init(_ network: IntegerNetwork) throws {
        inputCount = network.inputCount
        addsProducts = false
        var values = [0]
        var tablesOf: [Int: Int] = [:]
        for operation in network.operations where operation.layer.isTable {
            tablesOf[operation.sources[0], default: 0] += 1
        }
        for operation in network.operations {
            let sources = operation.sources.map { values[$0] }
            let layer = operation.layer
            let width = layer.outputCount
            switch layer {
            case .square: values.append(append(.product, [sources[0], sources[0]], width))
            case .product: values.append(append(.product, sources, width))
            case .table(let tables):
                values.append(
                    append(tables, of: sources[0], sharing: tablesOf[operation.sources[0]]!))
            case .affine, .dense, .convolution, .forest:
                guard let map = PackedMap(layer) else { throw PackingError.noCover }
                values.append(append(.map(map), sources, width))
            }
        }
    }

    /// Of tables of one value alone.
    init(_ tables: [LookupTables]) {
        inputCount = tables[0].count
        addsProducts = false
        results = tables.map { append($0, of: 0, sharing: tables.count) }
    }

    var depth: Int { depths.max() ?? 0 }

    /// Of each part, and of what is behind all, values in the order of their depth: the products that lead to each,
    /// then what is linear there.
    var stagesOfParts: [[Stage]] {
        let all = Stage.all(depths: depths) { operations[$0 - 1].isProduct }
        let parts = Set(operations.compactMap(\.part)).sorted().map(Optional.some) + [nil]
        guard parts.count > 1 else { return [all] }
        return parts.map { part in
            all.map { $0.filter { operations[$0 - 1].part == part } }
        }
    }

    /// - Returns: the value that it makes.
    mutating func append(
        _ kind: Kind, _ sources: [Int], _ width: Int, part: Int? = nil
    ) -> Int {
        let operation = Operation(kind: kind, sources: sources, width: width, part: part)
        operations.append(operation)
        depths.append((sources.map { depths[$0] }.max() ?? 0) + (operation.isProduct ? 1 : 0))
        return operations.count
    }

    // MARK: Tables

    /// - Parameter count: of tables of this value.
    private mutating func append(
        _ tables: LookupTables, of source: Int, sharing count: Int
    ) -> Int {
        let steps = TableSteps(values: tables.longest, sharing: count)
        let polynomials = TablePolynomials(tables)
        let babies = (1...steps.largestTerm).map {
            power($0, of: source, width: tables.count)
        }
        var nodes: [Int] = (0..<steps.leaves).map { leaf in
            let first = leaf * steps.babies
            let terms = min(steps.largestTerm, max(1, tables.longest - first - 1))
            return append(
                .leaf(
                    TableLeaf(
                        polynomials: polynomials, first: first, powers: Array(1...terms))),
                Array(babies.prefix(terms)), tables.count)
        }
        var giant = steps.babies
        while nodes.count > 1 {
            let factor = power(giant, of: source, width: tables.count)
            nodes = stride(from: 0, to: nodes.count, by: 2).map { place in
                guard place + 1 < nodes.count else { return nodes[place] }
                let product = append(.product, [nodes[place + 1], factor], tables.count)
                return append(
                    .map(.sum(of: 2, width: tables.count)), [product, nodes[place]], tables.count)
            }
            giant *= 2
        }
        return nodes[0]
    }

    /// The value's power, as the product of two: the larger one a power of two, so that depth is log2 of the exponent.
    private mutating func power(_ exponent: Int, of source: Int, width: Int) -> Int {
        if exponent == 1 { return source }
        if let known = powers[source]?[exponent] { return known }
        var half = 1
        while 2 * half < exponent { half *= 2 }
        let made = append(
            .product,
            [
                power(half, of: source, width: width),
                power(exponent - half, of: source, width: width),
            ], width)
        powers[source, default: [:]][exponent] = made
        return made
    }
}

/// How many powers a table's polynomial takes, and how many leaves: by the fewest products of all tables of one value.
package struct TableSteps: Equatable {
    /// Powers from x^0 on, a power of two.
    let babies: Int
    let leaves: Int
    /// The largest power that a leaf has a term of: of one leaf alone the polynomial's degree, at least 1.
    let largestTerm: Int

    /// - Parameter count: of tables as long that share the powers.
    package init(values: Int, sharing count: Int = 1) {
        var best: (steps: (babies: Int, leaves: Int), products: Int)?
        var babies = 2
        repeat {
            let leaves = max(1, (values + babies - 1) / babies)
            let products = Self.products(
                babies: babies, leaves: leaves, values: values, sharing: count)
            // Of equal ones more powers: leaves are moved to lower levels, powers are there already.
            if products <= best?.products ?? .max { best = ((babies, leaves), products) }
            babies *= 2
        } while babies < 2 * values
        (self.babies, leaves) = best!.steps
        products = best!.products
        largestTerm = Self.largestTerm(babies: self.babies, leaves: leaves, values: values)
    }

    /// Of all of them.
    package let products: Int

    private static func largestTerm(babies: Int, leaves: Int, values: Int) -> Int {
        leaves == 1 ? max(1, values - 1) : babies - 1
    }

    private static func products(
        babies: Int, leaves: Int, values: Int, sharing count: Int
    ) -> Int {
        var giants = 0
        while 1 << giants < leaves { giants += 1 }
        return largestTerm(babies: babies, leaves: leaves, values: values) - 1 + giants
            + count * (leaves - 1)
    }
}
