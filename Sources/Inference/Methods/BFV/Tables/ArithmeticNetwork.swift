// SPDX-License-Identifier: Apache-2.0

import IntegerNetworks

/// A network as linear maps and products of vectors: what circuits are made of, and what a table is in them.
///
/// A table is the polynomial through its values, by baby steps and giant steps (Paterson and Stockmeyer, 1973): powers
/// of x, leaves that are linear maps of them, and products with x^b, x^2b, x^4b and so on: see `TableSteps`. Tables of
/// one value share its powers.
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
        let leaves = TableLeaves(
            polynomials: TablePolynomials(tables), steps: steps,
            babies: (1...steps.largestTerm).map { power($0, of: source, width: tables.count) })
        switch steps.form {
        case .tree(let count): return tree(leaves, count: count, of: source)
        case .monic(let stages, let hasTop):
            let all = 1 << stages
            let whole = monic(leaves, blocks: 0..<all - 1, of: source)
            guard hasTop else { return whole }
            // What the leading coefficients are more than 1.
            var top = append(leaves.leaf(all - 1, terms: steps.babies - 1), width: tables.count)
            for stage in 0..<stages {
                let factor = power(steps.babies << stage, of: source, width: tables.count)
                top = append(.product, [top, factor], tables.count)
            }
            return sum(top, whole, width: tables.count)
        }
    }

    /// The sum over leaves of each times a power of x^b, pair by pair.
    private mutating func tree(_ leaves: TableLeaves, count: Int, of source: Int) -> Int {
        let width = leaves.polynomials.count
        var nodes: [Int] = (0..<count).map { leaf in
            let rest = leaves.polynomials.tables.longest - leaf * leaves.steps.babies - 1
            return append(
                leaves.leaf(leaf, terms: min(leaves.steps.largestTerm, max(1, rest))), width: width)
        }
        var giant = leaves.steps.babies
        while nodes.count > 1 {
            let factor = power(giant, of: source, width: width)
            nodes = stride(from: 0, to: nodes.count, by: 2).map { place in
                guard place + 1 < nodes.count else { return nodes[place] }
                let product = append(.product, [nodes[place + 1], factor], width)
                return sum(product, nodes[place], width: width)
            }
            giant *= 2
        }
        return nodes[0]
    }

    /// A monic polynomial of degree b(2^m - 1): (x^(b 2^(m-1)) + c) q + r with monic q and r of degree b(2^(m-1) - 1).
    ///
    /// - Parameter blocks: of its coefficients: those of r, c, q one after another.
    private mutating func monic(
        _ leaves: TableLeaves, blocks: Range<Int>, of source: Int
    ) -> Int {
        let width = leaves.polynomials.count
        let babies = leaves.steps.babies
        guard blocks.count > 1 else {
            return append(leaves.leaf(blocks.lowerBound, terms: babies), width: width)
        }
        let middle = blocks.lowerBound + blocks.count / 2
        let giant = power(babies * (blocks.count / 2 + 1), of: source, width: width)
        let c = append(leaves.leaf(middle, terms: babies - 1), width: width)
        let q = monic(leaves, blocks: middle + 1..<blocks.upperBound, of: source)
        let r = monic(leaves, blocks: blocks.lowerBound..<middle, of: source)
        let product = append(.product, [sum(giant, c, width: width), q], width)
        return sum(product, r, width: width)
    }

    private mutating func append(_ leaf: (leaf: TableLeaf, sources: [Int]), width: Int) -> Int {
        append(.leaf(leaf.leaf), leaf.sources, width)
    }

    private mutating func sum(_ a: Int, _ b: Int, width: Int) -> Int {
        append(.map(.sum(of: 2, width: width)), [a, b], width)
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

/// What leaves of a table are made of.
private struct TableLeaves {
    let polynomials: TablePolynomials
    let steps: TableSteps
    /// The value's powers from the first.
    let babies: [Int]

    /// Of one block of coefficients: the constant and so many terms.
    func leaf(_ block: Int, terms: Int) -> (leaf: TableLeaf, sources: [Int]) {
        (
            TableLeaf(
                polynomials: polynomials, steps: steps, first: block * steps.blockSize,
                powers: Array(1...terms)),
            Array(babies.prefix(terms))
        )
    }
}
