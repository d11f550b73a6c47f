// SPDX-License-Identifier: Apache-2.0

import IntegerNetworks
import TensorGraphs

/// The end of a graph that the client computes after decryption: what the network must put out, and what becomes of it.
struct NetworkTail {
    /// The value of the graph that is computed encrypted.
    var value: Int
    var decision: Decision?
    var transform: OutputTransform = .none
    /// Names of the nodes cut off.
    var cut: [String] = []
    /// Whether the transform makes the whole output: elements are neither chosen, normalized nor made of others.
    private(set) var isWhole = true
    /// Whether nothing in the model says that there are classes.
    private(set) var isGuessed = false

    /// - Throws: `QuantizationError` where the graph has no output.
    static func find(_ graph: TensorGraph) throws(QuantizationError) -> NetworkTail {
        guard let output = graph.outputs.first else {
            throw .invalidNetwork("the graph has no output")
        }
        if let decisions = graph.decisions {
            var tail = NetworkTail(value: decisions.value, decision: .vote)
            tail.cut = ["the votes of the decisions"]
            return tail
        }
        var producers: [Int: TensorGraph.Node] = [:]
        for node in graph.nodes { producers[node.output] = node }
        var tail = NetworkTail(value: output)
        while let node = producers[tail.value],
            let next = tail.step(node, graph: graph, producers: producers)
        {
            tail.cut.append("\(node.name) (\(node.operator))")
            tail.value = next
        }
        if tail.decision == nil { tail.decide(graph, producer: producers[tail.value]) }
        return tail
    }

    /// What the node reads, if the client can do what it does.
    private mutating func step(
        _ node: TensorGraph.Node, graph: TensorGraph, producers: [Int: TensorGraph.Node]
    ) -> Int? {
        let source = node.inputs[0]
        let count = graph.values[source].count
        switch node.operation {
        case .softmax(1, count, 1), .logSoftmax(1, count, 1):
            guard transform == .none, count > 1 else { return nil }
            if case .softmax = node.operation {
                transform = .softmax
            } else {
                transform = .logSoftmax
            }
            decision = .largest
        case .function(.sigmoid):
            guard transform == .none else { return nil }
            transform = .sigmoid
            // Several probabilities that nothing compares are labels of their own.
            decision =
                count == 1
                ? .sign : decision ?? (graph.labels?.count == count ? .largest : .regression)
        case .argMax(1, count, 1, _):
            guard decision == nil, transform == .none else { return nil }
            decision = .largest
            isWhole = false
        case .vote(let classes):
            guard decision == nil, count == classes * (classes - 1) / 2 else { return nil }
            decision = .vote
            isWhole = false
        case .normalize(_, count):
            // Of probabilities, which are positive: what was the largest stays so.
            guard case .function(.sigmoid)? = producers[source]?.operation else { return nil }
            decision = decision ?? .largest
            isWhole = false
        case .gather(let indices, _):
            if node.inputs.count == 1, indices.elementsEqual((0..<count).map { Int32($0) }) {
                break
            }
            return complement(node, indices, graph: graph, producers: producers)
        default: return nil
        }
        return source
    }

    /// p of Concat(1 - p, p) and s of Concat(-s, s), one element each.
    private mutating func complement(
        _ node: TensorGraph.Node, _ indices: [Int32], graph: TensorGraph,
        producers: [Int: TensorGraph.Node]
    ) -> Int? {
        guard node.inputs.count == 2, indices == [0, 1], decision != .vote,
            let other = producers[node.inputs[0]], other.inputs == [node.inputs[1]]
        else { return nil }
        let isProbability: Bool
        switch other.operation.multiplied {
        case .scale(let factors, let terms):
            guard factors == [-1], terms == [1] || terms == [0] else { return nil }
            isProbability = terms == [1]
        case .function(.negative): isProbability = false
        default: return nil
        }
        if isProbability {
            guard case .function(.sigmoid)? = producers[node.inputs[1]]?.operation else {
                return nil
            }
        }
        decision = .sign
        isWhole = false
        return node.inputs[1]
    }

    /// Without a node that says: one output is a prediction, several are scores.
    private mutating func decide(_ graph: TensorGraph, producer: TensorGraph.Node?) {
        let count = graph.values[value].count
        let isRegressor = producer?.operator.hasSuffix("Regressor") ?? false
        if count > 1 {
            let mayBeScores =
                graph.mayBeScores
                || graph.labels?.count == count && graph.outputKind == nil
            decision = isRegressor || !mayBeScores ? .regression : .largest
            isGuessed = decision == .largest && graph.labels == nil && graph.outputKind == nil
        } else {
            decision = graph.labels?.count == 2 && !isRegressor ? .sign : .regression
        }
    }
}

extension TensorGraph {
    /// Whether several elements of the first output may be scores of classes, where nothing says that they are: one row
    /// of them a sample (or channels of one pixel), and no name that regressors give.
    var mayBeScores: Bool {
        if let outputKind { return outputKind == .scores }
        var sizes = outputShapes[0]
        if sizes.count > 1 { sizes.removeFirst() }
        if sizes.count == 3, sizes[1...] == [1, 1] { sizes.removeLast(2) }
        let name = outputNames[0].lowercased()
        // What skl2onnx calls the predictions of a regressor.
        return sizes.count == 1 && name != "variable"
            && !["forecast", "regress"].contains { name.contains($0) }
    }
}

extension TensorGraph.Node {
    /// Whether it makes shares of classes.
    var isOfClasses: Bool {
        switch operation {
        case .softmax, .logSoftmax: true
        default: false
        }
    }
}
