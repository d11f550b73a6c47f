// SPDX-License-Identifier: Apache-2.0

import IntegerNetworks

/// Trees and a map of their leaves as affine maps and products of vectors, for many samples at once.
///
/// What a subtree is worth is a sum over the places some levels below its top: whether a sample comes there, times what
/// lies there is worth. Both factors are made side by side, so that few products stand one after another. Whether a
/// sample comes to the last of places is what is left of one, so it takes no product; nor do two conditions of one
/// chain. Products of conditions are there once, whatever trees ask for them.
///
/// Products and what they are made of are added up, at weights as small as the trees': moduli are such that a product
/// brings no unit (`Circuit.addsProducts`).
struct ForestProducts {
    /// A value of a vector: 0 are the conditions, then each vector of products.
    private struct Place: Hashable {
        let vector: Int
        let index: Int
    }

    /// A sum of values and a constant.
    private struct Form: Hashable {
        var constant: Int64 = 0
        /// None of them 0.
        var weights: [Place: Int64] = [:]

        static func value(_ place: Place) -> Form { Form(weights: [place: 1]) }

        var isZero: Bool { constant == 0 && weights.isEmpty }

        /// The weight of a single value; nil where there are several or none.
        var single: (place: Place, weight: Int64)? {
            weights.count == 1 ? weights.first.map { ($0.key, $0.value) } : nil
        }

        func adding(_ other: Form, times factor: Int64 = 1) -> Form {
            var out = self
            out.constant += factor * other.constant
            for (place, weight) in other.weights {
                let sum = out.weights[place, default: 0] + factor * weight
                out.weights[place] = sum == 0 ? nil : sum
            }
            return out
        }
    }

    /// Products that are made at once.
    private enum Batch: Hashable {
        /// Of conditions, and of such products, so many after one another.
        case paths(depth: Int)
        /// Of subtrees of so many levels: they are only ever added up.
        case worths(levels: Int)
    }

    private struct Factors: Hashable {
        let left: Form
        let right: Form
    }

    private struct Vector {
        /// Products after one another, this one included.
        let depth: Int
        var products: [Factors] = []
        var known: [Factors: Int] = [:]
    }

    private let forest: Forest
    private let levels: Int
    /// Of each number of levels.
    private let steps: [ForestSteps]
    private let chainOfCondition: [Int]
    /// Of each leaf, what it is worth for the output at hand.
    private var weights: [Int64]
    /// Of the part at hand.
    private var vectors: [Vector] = []
    private var numbers: [Batch: Int] = [:]
    private var network: ArithmeticNetwork

    /// Most levels of splits that are taken.
    static let mostLevels = 10
    /// Splits that are one part: within it products are shared.
    static let splitsOfOnePart = 4608
    /// Splits of each of several, which are run one after another, so that memory is that of one.
    static let splitsOfPart = 3072

    /// The network with products for trees; nil where it has none.
    /// - Throws: `PackingError` where trees are too deep.
    static func lowered(_ network: IntegerNetwork) throws -> ArithmeticNetwork? {
        guard let forest = network.forest else { return nil }
        guard network.operations.count == 2, network.operations[1].sources == [1],
            let matrix = network.operations[1].layer.matrix(),
            let bias = network.operations[1].layer.biasVector
        else { throw PackingError.noCover }
        guard forest.levels <= mostLevels else {
            throw PackingError.treesTooDeep(forest.levels, most: mostLevels)
        }
        var products = ForestProducts(forest)
        products.append(matrix, bias)
        return products.network
    }

    /// Trees of at most one split each as a map of conditions.
    static func withoutProducts(_ network: IntegerNetwork) throws -> IntegerNetwork {
        guard let lowered = try lowered(network), lowered.operations.count == 1,
            case .map(let map) = lowered.operations[0].kind
        else { throw PackingError.noCover }
        return try IntegerNetwork(
            input: network.input,
            operations: [
                IntegerNetwork.Operation(
                    .affine(try Affine(matrix: map.matrix, bias: map.bias)), sources: [0])
            ], outputScale: network.units.scale, outputExponents: network.units.exponents,
            labels: network.labels, decision: network.decision, transform: network.transform)
    }

    private init(_ forest: Forest) {
        self.forest = forest
        levels = forest.levels
        steps = (0...max(1, levels)).map(ForestSteps.init(levels:))
        chainOfCondition = forest.chains.enumerated().flatMap { chain, count in
            [Int](repeating: chain, count: count)
        }
        weights = [Int64](repeating: 0, count: forest.leafCount)
        network = ArithmeticNetwork(
            inputCount: forest.conditionCount, addsProducts: true)
    }

    // MARK: Parts

    private mutating func append(_ matrix: SparseIntegerMatrix, _ bias: [Int64]) {
        let parts = parts
        var sums: [Int] = []
        for (part, trees) in parts.enumerated() {
            vectors = []
            numbers = [:]
            var outputs = bias.map { Form(constant: part == 0 ? $0 : 0) }
            for output in outputs.indices {
                for leaf in weights.indices { weights[leaf] = 0 }
                for (leaf, weight) in matrix.row(output) { weights[leaf] = weight }
                for tree in trees {
                    let worth = worth(forest.roots[tree], levels: levels, isTree: true)
                    outputs[output] = outputs[output].adding(worth)
                }
            }
            sums.append(appendVectors(outputs, part: parts.count > 1 ? part : nil))
        }
        guard sums.count > 1 else { return }
        _ = network.append(
            .map(.sum(of: sums.count, width: bias.count)), sums, bias.count, part: nil)
    }

    /// Trees that are run together.
    private var parts: [Range<Int>] {
        var splits = [Int](repeating: 0, count: forest.splits.count)
        for index in splits.indices.reversed() {
            let children = [forest.splits[index].whenTrue, forest.splits[index].whenFalse]
            splits[index] = children.reduce(1) { $0 + ($1 < 0 ? 0 : splits[$1]) }
        }
        let counts = forest.roots.map { $0 < 0 ? 0 : splits[$0] }
        let sum = counts.reduce(0, +)
        let count =
            sum <= Self.splitsOfOnePart ? 1 : (sum + Self.splitsOfPart - 1) / Self.splitsOfPart
        let most = (sum + count - 1) / count
        var out: [Range<Int>] = []
        var (first, found) = (0, 0)
        for (tree, count) in counts.enumerated() {
            found += count
            guard found >= most || tree + 1 == counts.count else { continue }
            out.append(first..<tree + 1)
            (first, found) = (tree + 1, 0)
        }
        return out
    }

    /// - Returns: the value of the outputs.
    private mutating func appendVectors(_ outputs: [Form], part: Int?) -> Int {
        // Of each vector, what the network has it as.
        var values = [0] + [Int](repeating: -1, count: vectors.count)
        func width(_ vector: Int) -> Int {
            vector == 0 ? forest.conditionCount : vectors[vector - 1].products.count
        }
        func map(_ forms: [Form]) -> Int {
            let found = Set(forms.flatMap { $0.weights.keys.map(\.vector) }).sorted()
            let sources = found.isEmpty ? [0] : found
            var first: [Int: Int] = [:]
            var columns = 0
            for source in sources {
                first[source] = columns
                columns += width(source)
            }
            var matrix = SparseIntegerMatrix(columns: columns)
            for form in forms {
                let entries = form.weights.map { (first[$0.key.vector]! + $0.key.index, $0.value) }
                for (column, weight) in entries.sorted(by: { $0.0 < $1.0 }) {
                    matrix.append(column: column, weight: weight)
                }
                matrix.endRow()
            }
            return network.append(
                .map(PackedMap(matrix: matrix, bias: forms.map(\.constant))),
                sources.map { values[$0] }, forms.count, part: part)
        }
        for vector in vectors.indices.sorted(by: { vectors[$0].depth < vectors[$1].depth }) {
            let products = vectors[vector].products
            let factors = [map(products.map(\.left)), map(products.map(\.right))]
            values[vector + 1] = network.append(.product, factors, products.count, part: part)
        }
        return map(outputs)
    }

    // MARK: Trees

    /// What a subtree is worth.
    /// - Parameters:
    ///   - levels: that it has at most.
    ///   - isTree: whether it is all of one: then all that is added up was made by the last products.
    private mutating func worth(_ place: Int, levels: Int, isTree: Bool = false) -> Form {
        guard place >= 0 else { return Form(constant: weights[-1 - place]) }
        if levels == 1 {
            let split = forest.splits[place]
            let (high, low) = (weights[-1 - split.whenTrue], weights[-1 - split.whenFalse])
            return Form(constant: low).adding(literal(split.condition), times: high - low)
        }
        let steps = steps[levels]
        let ways = ways(from: place, levels: steps.cut)
        let worths = ways.map { worth($0.place, levels: levels - steps.cut) }
        let batch = Batch.worths(levels: levels)
        if isTree {
            return zip(ways, worths).reduce(Form()) { sum, item in
                item.0.form.isZero || item.1.isZero
                    ? sum
                    : sum.adding(append(item.0.form, item.1, to: batch, depth: steps.depth))
            }
        }
        let last = worths[worths.count - 1]
        return zip(ways, worths).dropLast().reduce(last) { sum, item in
            sum.adding(
                product(
                    item.0.form, item.1.adding(last, times: -1), to: batch, depth: steps.depth))
        }
    }

    /// Of the places so many levels below one, and of leaves above: whether a sample that is there comes to them.
    private mutating func ways(from place: Int, levels: Int) -> [(place: Int, form: Form)] {
        guard levels > 0, place >= 0 else { return [(place, Form(constant: 1))] }
        let split = forest.splits[place]
        if levels == 1 {
            let holds = literal(split.condition)
            return [
                (split.whenTrue, holds),
                (split.whenFalse, Form(constant: 1).adding(holds, times: -1)),
            ]
        }
        let upper = ForestSteps.upperLevels(of: levels)
        return ways(from: place, levels: upper).flatMap { middle, way in
            var rest = way
            let lower = ways(from: middle, levels: levels - upper)
            let first = lower.dropLast().map { place, form in
                let product = pathProduct(way, form)
                rest = rest.adding(product, times: -1)
                return (place: place, form: product)
            }
            return first + [(place: lower[lower.count - 1].place, form: rest)]
        }
    }

    private func literal(_ condition: Int) -> Form { .value(Place(vector: 0, index: condition)) }

    /// Of forms of single conditions by the product of these, which others may ask for.
    private mutating func pathProduct(_ left: Form, _ right: Form) -> Form {
        guard let a = left.single, let b = right.single, a.place.vector == 0, b.place.vector == 0
        else {
            let depth = 1 + max(depth(of: left), depth(of: right))
            return product(left, right, to: .paths(depth: depth), depth: depth)
        }
        let (first, second) = (min(a.place.index, b.place.index), max(a.place.index, b.place.index))
        // Of one chain, the first holds only where the second does.
        let both =
            chainOfCondition[first] == chainOfCondition[second]
            ? literal(first)
            : append(literal(first), literal(second), to: .paths(depth: 1), depth: 1)
        return Form(constant: left.constant * right.constant)
            .adding(.value(a.place), times: a.weight * right.constant)
            .adding(.value(b.place), times: b.weight * left.constant)
            .adding(both, times: a.weight * b.weight)
    }

    private mutating func product(
        _ left: Form, _ right: Form, to batch: Batch, depth: Int
    ) -> Form {
        if left.weights.isEmpty { return Form().adding(right, times: left.constant) }
        if right.weights.isEmpty { return Form().adding(left, times: right.constant) }
        return append(left, right, to: batch, depth: depth)
    }

    private func depth(of form: Form) -> Int {
        form.weights.keys.reduce(0) {
            max($0, $1.vector == 0 ? 0 : vectors[$1.vector - 1].depth)
        }
    }

    private mutating func append(
        _ left: Form, _ right: Form, to batch: Batch, depth: Int
    ) -> Form {
        let number = numbers[batch] ?? vectors.count
        if number == vectors.count {
            vectors.append(Vector(depth: depth))
            numbers[batch] = number
        }
        let factors = Factors(left: left, right: right)
        let index = vectors[number].known[factors] ?? vectors[number].products.count
        if index == vectors[number].products.count {
            vectors[number].products.append(factors)
            vectors[number].known[factors] = index
        }
        return .value(Place(vector: number + 1, index: index))
    }
}

/// Where subtrees of a height are cut, so that few products stand one after another, and few are relinearized.
struct ForestSteps {
    /// Levels above the cut; 0 where there is nothing to multiply.
    let cut: Int
    /// Products after one another.
    let depth: Int
    private let relinearizations: Int

    init(levels: Int) {
        guard levels > 1 else {
            (cut, depth, relinearizations) = (0, 0, 0)
            return
        }
        let all = (1..<levels).map { cut in
            let below = ForestSteps(levels: levels - cut)
            let each = below.relinearizations + (levels - cut > 1 ? 1 : 0)
            return (
                depth: max(Forest.depth(degree: cut), below.depth) + 1,
                relinearizations: Self.products(ofWays: cut) + each << cut, cut: cut
            )
        }
        // Of equal ones the lowest cut: products of conditions may be there already.
        let best = all.min {
            ($0.depth, $0.relinearizations, -$0.cut) < ($1.depth, $1.relinearizations, -$1.cut)
        }!
        (cut, depth, relinearizations) = (best.cut, best.depth, best.relinearizations)
    }

    /// Of ways through so many levels, those that are made first.
    static func upperLevels(of levels: Int) -> Int { 1 << (Forest.depth(degree: levels) - 1) }

    /// Products that all ways through so many levels take: of each way through the upper levels, one less than there
    /// are ways below.
    private static func products(ofWays levels: Int) -> Int {
        guard levels > 1 else { return 0 }
        let upper = upperLevels(of: levels)
        let lower = levels - upper
        return products(ofWays: upper)
            + (products(ofWays: lower) + 1 << lower - 1) << upper
    }
}
