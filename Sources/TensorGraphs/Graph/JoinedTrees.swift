// SPDX-License-Identifier: Apache-2.0

import IntegerNetworks

extension TensorGraph {
    /// Trees of several nodes as those of one: what boosted and isolated trees are exported as.
    ///
    /// What is made of one tree alone is a table of its leaves, whatever makes it: votes, lengths of paths. Sums of such
    /// tables are one matrix over the leaves of all trees. Nodes stay as they are where their trees ask for other values
    /// than those of others, or where clients are to know more of some than of others.
    package func joiningTrees() -> TensorGraph {
        guard var joined = JoinedTrees(self), joined.tabulate() else { return self }
        // Trees may be too many together.
        return (try? joined.graph()) ?? self
    }
}

private struct JoinedTrees {
    /// Multiplications that tables may take.
    private static let mostWork = 1 << 28

    private let old: TensorGraph
    private var makers: [Int: Int] = [:]
    /// Places of the nodes of trees.
    private var units: [Int] = []
    /// Of each of them, its conditions, of features of the common source.
    private var conditions: [[SplitConditions.Condition]] = []
    private var forests: [Forest] = []
    private var source = -1
    /// Of values that are a constant and something of each tree: the units of these trees.
    private var dependences: [Int: Set<Int>] = [:]
    /// Such values that something else reads.
    private var ends: [Int] = []
    /// Leaves by elements of all ends, one after another.
    private var weights: [Float] = []
    private var bias: [Float] = []

    /// nil where there is nothing to join.
    init?(_ graph: TensorGraph) {
        old = graph
        for (index, node) in graph.nodes.enumerated() {
            makers[node.output] = index
            guard case .forest(let forest) = node.operation else { continue }
            units.append(index)
            forests.append(forest)
        }
        guard units.count > 1 else { return nil }
        for unit in units {
            guard let found = asked(unit), source < 0 || found.source == source else { return nil }
            source = found.source
            conditions.append(found.conditions)
        }
        for told in [units, units.map { makers[graph.nodes[$0].inputs[0]]! }] {
            let count = told.count { graph.clientNodes.contains(graph.nodes[$0].name) }
            guard count == 0 || count == told.count else { return nil }
        }
        follow()
    }

    /// What the trees of a unit ask, of the value that features are chosen from.
    private func asked(
        _ unit: Int
    ) -> (source: Int, conditions: [SplitConditions.Condition])? {
        guard let maker = makers[old.nodes[unit].inputs[0]],
            case .conditions(let asked) = old.nodes[maker].operation
        else { return nil }
        var value = old.nodes[maker].inputs[0]
        guard old.values[value].count == asked.featureCount else { return nil }
        var features = Array(0..<asked.featureCount)
        while let maker = makers[value], old.nodes[maker].inputs.count == 1,
            case .gather(let indices, _) = old.nodes[maker].operation, !indices.contains(-1)
        {
            features = features.map { Int(indices[$0]) }
            value = old.nodes[maker].inputs[0]
        }
        return (
            value,
            asked.conditions.map {
                .init(
                    feature: features[$0.feature], test: $0.test,
                    holdsOfMissing: $0.holdsOfMissing)
            }
        )
    }

    /// Finds what is made of trees, one by one, and where that ends.
    private mutating func follow() {
        for (unit, index) in units.enumerated() { dependences[old.nodes[index].output] = [unit] }
        for node in old.nodes where dependences[node.output] == nil {
            let inputs = node.inputs.map { dependences[$0] }
            guard !inputs.isEmpty, !inputs.contains(nil) else { continue }
            let all = inputs.reduce(into: Set<Int>()) { $0.formUnion($1!) }
            guard
                node.operation.isAdditive
                    || all.count == 1 && forests[all.first!].roots.count == 1
            else { continue }
            dependences[node.output] = all
        }
        var read = Set(old.outputs + old.conditions.map(\.value))
        if let decisions = old.decisions { read.insert(decisions.value) }
        for node in old.nodes where dependences[node.output] == nil { read.formUnion(node.inputs) }
        ends = read.filter { dependences[$0] != nil }.sorted()
    }

    /// What each leaf adds to each end, beside what first leaves make.
    ///
    /// Differences go through sums as they are, so that large constants take no digits from what small leaves add; what
    /// is no sum is evaluated for each leaf of its tree.
    /// - Returns: whether that is worth its work, and of numbers.
    mutating func tabulate() -> Bool {
        var isNeeded = Set(ends)
        for node in old.nodes.reversed() where isNeeded.contains(node.output) {
            if dependences[node.output] != nil { isNeeded.formUnion(node.inputs) }
        }
        let steps = old.nodes.filter {
            dependences[$0.output] != nil && isNeeded.contains($0.output)
                && !$0.operation.isForest
        }
        let ofUnit = forests.indices.map { unit in
            steps.filter { dependences[$0.output]!.contains(unit) }
        }
        let columns = ends.reduce(0) { $0 + old.values[$1].count }
        var work = 0
        for (unit, forest) in forests.enumerated() {
            let each = ofUnit[unit].reduce(columns) {
                $0 + $1.operation.work(count: old.values[$1.output].count)
            }
            work = min(work + forest.leafCount * each, Self.mostWork + 1)
        }
        guard !ends.isEmpty, work <= Self.mostWork else { return false }

        var values = [[Float]](repeating: [], count: old.values.count)
        for (unit, forest) in forests.enumerated() {
            var leaves = [Float](repeating: 0, count: forest.leafCount)
            for tree in forest.leavesOfTrees { leaves[tree[0]] = 1 }
            values[old.nodes[units[unit]].output] = leaves
        }
        for step in steps {
            values[step.output] = step.operation.evaluated(step.inputs.map { values[$0] })
        }
        bias = ends.flatMap { values[$0] }
        for (unit, forest) in forests.enumerated() {
            var table = [[Float]](
                repeating: [Float](repeating: 0, count: columns), count: forest.leafCount)
            for tree in forest.leavesOfTrees {
                for leaf in tree.dropFirst() {
                    table[leaf] = difference(
                        from: values, unit, leaf: leaf, first: tree[0], ofUnit[unit])
                }
            }
            weights += table.joined()
        }
        return bias.allSatisfy(\.isFinite) && weights.allSatisfy(\.isFinite)
    }

    /// Of all ends, what they change by where a tree leads to another leaf than its first.
    private func difference(
        from values: [[Float]], _ unit: Int, leaf: Int, first: Int, _ steps: [TensorGraph.Node]
    ) -> [Float] {
        let place = old.nodes[units[unit]].output
        var change = [Float](repeating: 0, count: values[place].count)
        (change[first], change[leaf]) = (-1, 1)
        var changes = [place: change]
        var changed = values
        (changed[place][first], changed[place][leaf]) = (0, 1)
        func changeOf(_ value: Int) -> [Float] {
            changes[value] ?? [Float](repeating: 0, count: old.values[value].count)
        }
        for step in steps {
            let (inputs, output) = (step.inputs, step.output)
            if forests[unit].roots.count == 1, dependences[output]!.count == 1 {
                changed[output] = step.operation.evaluated(inputs.map { changed[$0] })
            }
            changes[output] =
                step.operation.isAdditive
                ? step.operation.withoutConstants.evaluated(inputs.map(changeOf))
                : zip(changed[output], values[output]).map { $0 - $1 }
        }
        return ends.flatMap(changeOf)
    }

    func graph() throws -> TensorGraph {
        let (asked, forest) = try joined()
        var result = old
        result.nodes = []
        func value(_ name: String, _ count: Int) -> Int {
            result.values.append(TensorGraph.Value(name: "\(name)#joined", shape: [1, count]))
            return result.values.count - 1
        }
        let firstTrees = old.nodes[units[0]]
        let firstConditions = makers[firstTrees.inputs[0]]!
        for (index, node) in old.nodes.enumerated() {
            if index == firstConditions {
                let names = (node.name, firstTrees.name)
                let bits = value(names.0, forest.conditionCount)
                let leaves = value(names.1, forest.leafCount)
                let sum = value(firstTrees.operator, bias.count)
                for (name, operation, input, output) in [
                    (names.0, TensorOperation.conditions(asked), source, bits),
                    (names.1, .forest(forest), bits, leaves),
                    (
                        old.nodes[makers[ends[0]]!].name,
                        .matrix(
                            weights: TensorWeights(values: weights), bias: bias, rows: 1,
                            inner: forest.leafCount, columns: bias.count), leaves, sum
                    ),
                ] {
                    result.nodes.append(
                        TensorGraph.Node(
                            name: name, operator: firstTrees.operator, operation: operation,
                            inputs: [input], output: output))
                }
                var start: Int32 = 0
                for end in ends {
                    let count = Int32(old.values[end].count)
                    let maker = old.nodes[makers[end]!]
                    result.nodes.append(
                        TensorGraph.Node(
                            name: maker.name, operator: maker.operator,
                            operation: .gather(
                                indices: Array(start..<start + count), fill: 0), inputs: [sum],
                            output: end))
                    start += count
                }
            }
            if dependences[node.output] == nil { result.nodes.append(node) }
        }
        result.notes.append(
            "the trees of \(units.count) nodes are evaluated together; what is made of one tree alone is a table of its leaves"
        )
        return result.pruned()
    }

    /// All conditions, each once, and all trees.
    private func joined() throws -> (SplitConditions, Forest) {
        let ordered = SplitConditions.ordered(conditions.flatMap { $0 })
        let places = Dictionary(uniqueKeysWithValues: ordered.enumerated().map { ($1, $0) })
        var roots: [Int] = []
        var splits: [Forest.Split] = []
        var leafCount = 0
        for (forest, conditions) in zip(forests, conditions) {
            let (firstSplit, firstLeaf) = (splits.count, leafCount)
            func place(_ child: Int) -> Int {
                child < 0 ? child - firstLeaf : child + firstSplit
            }
            roots += forest.roots.map(place)
            splits += forest.splits.map {
                Forest.Split(
                    condition: places[conditions[$0.condition]]!,
                    whenTrue: place($0.whenTrue), whenFalse: place($0.whenFalse))
            }
            leafCount += forest.leafCount
        }
        let asked = try SplitConditions(
            featureCount: old.values[source].count, conditions: ordered)
        return (
            asked,
            try Forest(chains: asked.chains, leafCount: leafCount, roots: roots, splits: splits)
        )
    }
}

extension TensorOperation {
    fileprivate var isForest: Bool { if case .forest = self { true } else { false } }

    /// Whether it makes sums over trees of such sums.
    fileprivate var isAdditive: Bool {
        switch self {
        case .gather, .scale, .quotient, .matrix, .convolution, .weightedSum, .add, .subtract:
            true
        default: false
        }
    }

    /// What it makes of differences of its inputs, where it makes sums.
    fileprivate var withoutConstants: TensorOperation {
        switch self {
        case .gather(let indices, _): .gather(indices: indices, fill: 0)
        case .scale(let factors, let terms):
            .scale(factors: factors, terms: [Float](repeating: 0, count: terms.count))
        case .matrix(let weights, _, let rows, let inner, let columns):
            .matrix(weights: weights, bias: nil, rows: rows, inner: inner, columns: columns)
        case .convolution(let geometry, let weights, _):
            .convolution(geometry, weights: weights, bias: nil)
        default: self
        }
    }

    /// The same as `evaluate`, but that a row of leaves, most of them zero, times a matrix takes no products with zeros.
    fileprivate func evaluated(_ inputs: [[Float]]) -> [Float] {
        guard case .matrix(let weights, let bias, 1, _, let columns) = self else {
            return evaluate(inputs)
        }
        var sums = [Float](repeating: 0, count: columns)
        for (row, x) in inputs[0].enumerated() where x != 0 {
            for column in 0..<columns { sums[column] += x * weights.values[row * columns + column] }
        }
        return bias.map { zip(sums, $0).map { $0 + $1 } } ?? sums
    }

    /// As many leaves of one row as are taken to be reached, in estimates of work.
    private static var reached: Int { 512 }

    /// Multiplications, about, for so many results.
    fileprivate func work(count: Int) -> Int {
        switch self {
        case .matrix(_, _, 1, let inner, let columns):
            inner + min(inner, Self.reached) * columns
        case .matrix(_, _, let rows, let inner, let columns): rows * inner * columns
        case .matrixProduct(let batches, let rows, let inner, let columns):
            batches * rows * inner * columns
        case .convolution(_, let weights, _): count * weights.values.count
        case .weightedSum(_, let indices, _), .maximum(_, let indices): count + indices.count
        default: count
        }
    }
}
