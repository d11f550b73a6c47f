// SPDX-License-Identifier: Apache-2.0

import IntegerNetworks

/// Trees and a map of their leaves as affine maps and products of vectors, for many samples at once.
///
/// A tree is a sum over its nodes at some depth s: whether a sample comes to the node, a product of s literals, times
/// what the node's subtree is worth, which is made from its leaves upward, b V_true + (1 - b) V_false. Both factors are
/// made side by side, so that few products stand one after another. All that is summed was made at one depth: other
/// depths have other units. Where a tree is lower than others, a literal that always holds stands in.
struct ForestProducts {
    /// A sum of values of one batch, or of the bits.
    private struct Form: Hashable {
        var constant: Int64 = 0
        var entries: [Entry] = []

        struct Entry: Hashable {
            let place: Int
            let weight: Int64
        }
    }

    /// Products that are made at once, of factors each from one place.
    private enum Batch: Hashable {
        /// What subtrees of a height are worth.
        case values(height: Int)
        /// Whether samples come from one depth to another.
        case paths(Range<Int>)
        case last
    }

    private struct Products {
        var left: [Form] = []
        var right: [Form] = []
    }

    private struct PathKey: Hashable {
        let tree: Int
        let from: Int
        let to: Int
        let depths: Range<Int>
    }

    private let forest: Forest
    /// Of each leaf, what it is worth for the output at hand.
    private var weights: [Int64]
    /// Depth at which trees are cut, and what is below at most.
    private let cut: Int
    private let height: Int
    private var batches: [Batch: Products] = [:]
    private var paths: [PathKey: Int] = [:]
    /// Of each output, its sum of the last batch.
    private var outputs: [Form]
    /// Most levels of splits that are taken.
    static let mostLevels = 10

    /// The network with products for trees; itself where it has none.
    /// - Throws: `PackingError` where trees are too deep.
    static func lowered(_ network: IntegerNetwork) throws -> IntegerNetwork {
        guard let forest = network.forest else { return network }
        guard network.operations.count == 2, network.operations[1].sources == [1],
            let matrix = network.operations[1].layer.matrix(),
            let bias = network.operations[1].layer.biasVector
        else { throw PackingError.noCover }
        let levels = forest.levels
        guard levels <= mostLevels else {
            throw PackingError.treesTooDeep(levels, most: mostLevels)
        }
        var products = ForestProducts(forest, levels: levels, outputs: matrix.rows)
        for output in 0..<matrix.rows { products.add(matrix, bias, output: output) }
        return try products.network(network)
    }

    private init(_ forest: Forest, levels: Int, outputs: Int) {
        self.forest = forest
        weights = [Int64](repeating: 0, count: forest.leafCount)
        func depth(_ cut: Int) -> Int {
            max(Forest.depth(degree: max(cut, 1)), max(levels - cut, 1) - 1) + 1
        }
        cut = levels <= 1 ? 0 : (1..<levels).min { depth($0) < depth($1) }!
        height = max(levels - cut, 1)
        self.outputs = [Form](repeating: Form(), count: outputs)
    }

    // MARK: Trees

    private mutating func add(_ matrix: SparseIntegerMatrix, _ bias: [Int64], output: Int) {
        for leaf in weights.indices { weights[leaf] = 0 }
        for (leaf, weight) in matrix.row(output) { weights[leaf] = weight }
        outputs[output].constant = bias[output]
        for (tree, leaves) in forest.leavesOfTrees.enumerated()
        where leaves.contains(where: { weights[$0] != 0 }) {
            let root = forest.roots[tree]
            guard cut > 0 else {
                let value = value(root, height: height)
                outputs[output].constant += value.constant
                outputs[output].entries += value.entries
                continue
            }
            for node in nodes(below: root) {
                let path = self.path(tree, node)
                let value = value(node.place, height: height)
                guard value.constant != 0 || !value.entries.isEmpty else { continue }
                outputs[output].entries.append(
                    Form.Entry(place: append(path, value, to: .last), weight: 1))
            }
        }
    }

    /// A node at the cut, or a leaf above it, and the literals on the way to it.
    private struct Node {
        let place: Int
        /// Conditions, and whether they hold.
        var way: [(split: Int, holds: Bool)]
    }

    private func nodes(below root: Int) -> [Node] {
        var nodes = [Node(place: root, way: [])]
        for _ in 0..<cut {
            nodes = nodes.flatMap { node -> [Node] in
                guard node.place >= 0 else { return [node] }
                let split = forest.splits[node.place]
                return [(split.whenTrue, true), (split.whenFalse, false)].map {
                    Node(place: $0, way: node.way + [(node.place, $1)])
                }
            }
        }
        return nodes
    }

    private func literal(_ way: [(split: Int, holds: Bool)], _ depth: Int) -> Form {
        guard depth < way.count else { return Form(constant: 1) }
        let (split, holds) = way[depth]
        return Form(
            constant: holds ? 0 : 1,
            entries: [
                Form.Entry(place: forest.splits[split].condition, weight: holds ? 1 : -1)
            ])
    }

    /// Whether a sample comes to a node: a form of bits, or of the products of its path.
    private mutating func path(_ tree: Int, _ node: Node) -> Form {
        func product(_ depths: Range<Int>) -> Form {
            guard depths.count > 1 else { return literal(node.way, depths.lowerBound) }
            // The end of a path says what it is.
            func mark(_ depth: Int) -> Int {
                depth == 0
                    ? 0
                    : depth <= node.way.count
                        ? 2 * (node.way[depth - 1].split + 1) + (node.way[depth - 1].holds ? 1 : 0)
                        : -1 - depth
            }
            let key = PathKey(
                tree: tree, from: mark(depths.lowerBound), to: mark(depths.upperBound),
                depths: depths)
            if depths.upperBound <= node.way.count, let known = paths[key] {
                return Form(entries: [Form.Entry(place: known, weight: 1)])
            }
            let first = 1 << (Forest.depth(degree: depths.count) - 1)
            let middle = depths.lowerBound + first
            let place = append(
                product(depths.lowerBound..<middle), product(middle..<depths.upperBound),
                to: .paths(depths))
            if depths.upperBound <= node.way.count { paths[key] = place }
            return Form(entries: [Form.Entry(place: place, weight: 1)])
        }
        return product(0..<cut)
    }

    /// What a subtree is worth: a form of bits, or of the products of its height.
    private mutating func value(_ place: Int, height: Int) -> Form {
        if height == 1 {
            guard place >= 0 else { return Form(constant: weights[-1 - place]) }
            let split = forest.splits[place]
            let (high, low) = (weights[-1 - split.whenTrue], weights[-1 - split.whenFalse])
            return Form(
                constant: low,
                entries: high == low
                    ? [] : [Form.Entry(place: split.condition, weight: high - low)])
        }
        let factors: [(Form, Int)]
        if place >= 0 {
            let split = forest.splits[place]
            let way = [(place, true), (place, false)]
            factors = [
                (literal([way[0]], 0), split.whenTrue), (literal([way[1]], 0), split.whenFalse),
            ]
        } else {
            factors = [(Form(constant: 1), place)]
        }
        var form = Form()
        for (factor, child) in factors {
            let worth = value(child, height: height - 1)
            guard worth.constant != 0 || !worth.entries.isEmpty else { continue }
            form.entries.append(
                Form.Entry(place: append(factor, worth, to: .values(height: height)), weight: 1))
        }
        return form
    }

    private mutating func append(_ left: Form, _ right: Form, to batch: Batch) -> Int {
        batches[batch, default: Products()].left.append(left)
        batches[batch, default: Products()].right.append(right)
        return batches[batch]!.left.count - 1
    }

    // MARK: The network

    private func network(_ network: IntegerNetwork) throws -> IntegerNetwork {
        var operations: [IntegerNetwork.Operation] = []
        /// Of each batch its products' value.
        var values: [Batch: Int] = [:]
        func affine(_ forms: [Form], of source: Int, count: Int) throws -> Int {
            var matrix = SparseIntegerMatrix(columns: count)
            for form in forms {
                let weights = Dictionary(
                    form.entries.map { ($0.place, $0.weight) }, uniquingKeysWith: +)
                for (place, weight) in weights.sorted(by: { $0.key < $1.key }) where weight != 0 {
                    matrix.append(column: place, weight: weight)
                }
                matrix.endRow()
            }
            operations.append(
                IntegerNetwork.Operation(
                    .affine(try Affine(matrix: matrix, bias: forms.map(\.constant))),
                    sources: [source]))
            return operations.count
        }
        func source(_ batch: Batch?) -> (value: Int, count: Int) {
            batch.flatMap { batch in
                values[batch].map { ($0, batches[batch]!.left.count) }
            } ?? (0, network.inputCount)
        }
        func multiply(_ batch: Batch, _ left: Batch?, _ right: Batch?) throws {
            guard let products = batches[batch] else { return }
            let (a, b) = (source(left), source(right))
            let factors = [
                try affine(products.left, of: a.value, count: a.count),
                try affine(products.right, of: b.value, count: b.count),
            ]
            operations.append(
                IntegerNetwork.Operation(.product(count: products.left.count), sources: factors))
            values[batch] = operations.count
        }
        /// What the products of a path's part are made of, first.
        func multiplyPath(_ depths: Range<Int>) throws {
            guard depths.count > 1, values[.paths(depths)] == nil else { return }
            let middle = depths.lowerBound + 1 << (Forest.depth(degree: depths.count) - 1)
            let (first, second) = (depths.lowerBound..<middle, middle..<depths.upperBound)
            try multiplyPath(first)
            try multiplyPath(second)
            try multiply(.paths(depths), .paths(first), .paths(second))
        }
        for height in stride(from: 2, through: height, by: 1) {
            try multiply(
                .values(height: height), nil, height > 2 ? .values(height: height - 1) : nil)
        }
        try multiplyPath(0..<cut)
        try multiply(.last, .paths(0..<cut), height > 1 ? .values(height: height) : nil)
        let last = cut > 0 ? source(.last) : source(height > 1 ? .values(height: height) : nil)
        _ = try affine(outputs, of: last.value, count: last.count)
        return try IntegerNetwork(
            input: network.input, operations: operations, outputScale: network.units.scale,
            outputExponents: network.units.exponents, labels: network.labels,
            decision: network.decision, transform: network.transform)
    }
}
