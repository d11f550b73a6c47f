// SPDX-License-Identifier: Apache-2.0

import IntegerNetworks
import Quantization
import Samples
import TensorGraphs

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Moves what trees compare features with onto a grid that is made from calibration samples alone: then what a client is
/// told says nothing of the trees.
struct TreeGrid {
    /// Limits of each feature, at most.
    let bins: Int

    /// What it makes of a model.
    struct Moved {
        let graph: TensorGraph
        /// Limits in all.
        let limits: Int
        let conditions: Int
        let change: Change

        var note: String {
            "the trees' \(conditions) thresholds were moved onto a grid of \(limits) limits, made from the samples: of these \(change.words)"
        }
    }

    /// What it changes of the float model's outputs.
    struct Change {
        /// Of the samples, those whose labels are what they were; nil for a model without.
        let sameLabels: Double?
        /// The root of the mean square of the other outputs' changes, by their deviation.
        let error: Double

        /// - Parameters:
        ///   - before: of each sample, all outputs.
        ///   - after: the same on the grid.
        init(before: [[[Float]]], after: [[[Float]]], meanings: [TensorGraph.Meaning]) {
            let isLabel = meanings.map { if case .label = $0 { true } else { false } }
            func parts(_ outputs: [[Float]], labels: Bool) -> [Float] {
                zip(outputs, isLabel).filter { $1 == labels }.flatMap { $0.0 }
            }
            let pairs = zip(before, after).map { ($0, $1) }
            sameLabels =
                isLabel.contains(true)
                ? Double(
                    pairs.count { parts($0.0, labels: true) == parts($0.1, labels: true) })
                    / Double(pairs.count) : nil
            let old = pairs.flatMap { parts($0.0, labels: false).map(Double.init) }
            let new = pairs.flatMap { parts($0.1, labels: false).map(Double.init) }
            let mean = old.reduce(0, +) / Double(max(old.count, 1))
            let deviation = old.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
            let change = zip(old, new).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
            error =
                change == 0 ? 0 : (change / max(deviation, .leastNormalMagnitude)).squareRoot()
        }

        /// Whether what is left is of little use, by the measure of a plan's integers.
        var isUseless: Bool {
            let share = 1 - error * error
            let measure: PlanJudgement.Measure =
                sameLabels == nil ? .determination(share) : .scores(share)
            return measure.value < measure.useful
        }

        var words: String {
            func percent(_ share: Double) -> String { "\((10_000 * share).rounded() / 100) %" }
            let labels = sameLabels.map { "\(percent($0)) keep their label, and " } ?? ""
            return "\(labels)outputs change by \(percent(error)) of their deviation"
        }
    }

    /// Samples that a grid is made from, and changes are measured on.
    private static let mostSamples = 2000

    /// - Throws: `PlanRefusal` where a grid would serve nothing, or `NetworkError` for samples that don't fit.
    func moved(_ graph: TensorGraph, samples: SampleSet) throws -> Moved {
        let count = min(samples.count, Self.mostSamples)
        let chosen = (0..<count).map { samples.sample(at: $0 * samples.count / count) }
        let reference = FloatReference(graph)
        let values = try chosen.map { try reference.evaluate($0) }
        var result = graph
        result.nodes = []
        var (limits, conditions) = (0, 0)
        /// Of values of bits that were moved: the grid, and of each old condition its place in it.
        var grids: [Int: (grid: SplitConditions, places: [Int])] = [:]
        for node in graph.nodes {
            switch node.operation {
            case .conditions(let asked):
                let rows = values.flatMap { sample in
                    let all = sample[node.inputs[0]]
                    return stride(from: 0, to: all.count, by: asked.featureCount).map {
                        Array(all[$0..<$0 + asked.featureCount])
                    }
                }
                let hasMissing = rows.contains { $0.contains(where: \.isNaN) }
                let found = try grid(asked, rows, hasMissing: hasMissing, node: node.name)
                grids[node.output] = found
                limits += found.grid.conditions.count
                conditions += asked.conditions.count
                append(found.grid, for: node, to: &result)
                if !hasMissing { refuseMissing(node, in: &result) }
            case .forest(let forest):
                guard let (grid, places) = grids[node.inputs[0]] else {
                    result.nodes.append(node)
                    continue
                }
                let moved = try Forest(
                    chains: grid.chains, leafCount: forest.leafCount, roots: forest.roots,
                    splits: forest.splits.map {
                        Forest.Split(
                            condition: places[$0.condition], whenTrue: $0.whenTrue,
                            whenFalse: $0.whenFalse)
                    })
                result.nodes.append(
                    TensorGraph.Node(
                        name: node.name, operator: node.operator, operation: .forest(moved),
                        inputs: node.inputs, output: node.output))
            default: result.nodes.append(node)
            }
        }
        let after = FloatReference(result)
        return Moved(
            graph: result, limits: limits, conditions: conditions,
            change: try Change(
                before: values.map { value in graph.outputs.map { value[$0] } },
                after: try chosen.map { try after.outputs($0) },
                meanings: graph.meanings))
    }

    /// The grid, and of each condition its place in it.
    private func grid(
        _ asked: SplitConditions, _ rows: [[Float]], hasMissing: Bool, node: String
    ) throws -> (grid: SplitConditions, places: [Int]) {
        guard !asked.conditions.contains(where: \.isEquality) else {
            throw PlanRefusal(
                place: node,
                problem:
                    "its trees ask whether a feature is some category, which no grid of limits says",
                remedies: [.knownTrees(.thresholds), .knownTrees(.structure)])
        }
        var limits: [[Float]] = []
        var columns: [[Float]] = []
        for feature in 0..<asked.featureCount {
            let column = rows.map { $0[feature] }.filter { !$0.isNaN }.sorted()
            columns.append(column)
            limits.append(self.limits(column))
        }
        var conditions: [SplitConditions.Condition] = []
        var places: [[Bool: Int]] = []
        for (feature, limits) in limits.enumerated() {
            var starts: [Bool: Int] = [:]
            for ofMissing in hasMissing ? [false, true] : [false] {
                starts[ofMissing] = conditions.count
                conditions += limits.map {
                    SplitConditions.Condition(
                        feature: feature, test: .isAtMost($0), holdsOfMissing: ofMissing)
                }
            }
            places.append(starts)
        }
        let nearest = asked.conditions.map { condition -> Int in
            let column = columns[condition.feature]
            // Samples that a limit holds of.
            func rank(_ limit: Float) -> Int {
                var (low, high) = (0, column.count)
                while low < high {
                    let middle = (low + high) / 2
                    if column[middle] <= limit { low = middle + 1 } else { high = middle }
                }
                return low
            }
            let wanted = rank(condition.values[0])
            let limits = limits[condition.feature]
            // The fewest samples between, then the nearest.
            let best = limits.indices.min {
                (abs(rank(limits[$0]) - wanted), abs(limits[$0] - condition.values[0]))
                    < (abs(rank(limits[$1]) - wanted), abs(limits[$1] - condition.values[0]))
            }!
            return places[condition.feature][hasMissing && condition.holdsOfMissing]! + best
        }
        return (
            try SplitConditions(featureCount: asked.featureCount, conditions: conditions), nearest
        )
    }

    /// Quantiles, to two digits: exact ones would be values of somebody's sample.
    private func limits(_ column: [Float]) -> [Float] {
        guard !column.isEmpty else { return [0] }
        var limits: Set<Float> = []
        for bin in 1..<bins { limits.insert(column[bin * column.count / bins].twoDigits) }
        return limits.sorted()
    }

    private func append(
        _ grid: SplitConditions, for node: TensorGraph.Node, to graph: inout TensorGraph
    ) {
        let name = node.name + TensorGraph.gridSuffix
        graph.clientNodes.insert(name)
        let features = graph.values[node.inputs[0]].count
        graph.values[node.output] = TensorGraph.Value(
            name: graph.values[node.output].name,
            shape: [features / grid.featureCount, grid.conditions.count])
        graph.nodes.append(
            TensorGraph.Node(
                name: name, operator: node.operator, operation: .conditions(grid),
                inputs: node.inputs, output: node.output))
    }

    /// Where calibration samples miss nothing, the grid says nothing of what is missing.
    private func refuseMissing(_ node: TensorGraph.Node, in graph: inout TensorGraph) {
        let shape = graph.values[node.inputs[0]].shape
        var value = node.inputs[0]
        for function in [ScalarFunction.isNaN, .isZero] {
            graph.values.append(
                TensorGraph.Value(name: "\(node.name)#\(graph.values.count)", shape: shape))
            graph.nodes.append(
                TensorGraph.Node(
                    name: node.name, operator: node.operator, operation: .function(function),
                    inputs: [value], output: graph.values.count - 1))
            value = graph.values.count - 1
        }
        graph.conditions.append(
            TensorGraph.Condition(
                value: value, text: "a missing value, where the samples of the plan have none"))
    }
}

extension Float {
    /// Rounded to two significant digits.
    fileprivate var twoDigits: Float {
        guard isFinite, self != 0 else { return 0 }
        let unit = pow(10, (log10(Double(abs(self)))).rounded(.down) - 1)
        return Float((Double(self) / unit).rounded() * unit)
    }
}
