// SPDX-License-Identifier: Apache-2.0

import IntegerNetworks
import TensorGraphs

/// Where a graph is cut: what is computed encrypted, and what the client makes of it.
///
/// The client's part is the largest end of the graph without weights of layers: functions, softmax, arg max, votes,
/// normalizations and what lies between them. Sums and constants that are first in it go to the encrypted part: scales
/// and offsets of a trained model stay with the server.
struct OutputSplit {
    /// The graph; with one node more where several values are computed encrypted.
    private(set) var graph: TensorGraph
    /// The value that is computed encrypted.
    private(set) var value: Int
    /// Places in `graph.nodes` of what the client does, in order.
    private(set) var suffix: [Int]
    private let producers: [Int: Int]
    /// Places of the parts of `value`, where it is made of several.
    private var offsets: [Int: Int] = [:]

    /// - Throws: `QuantizationError` where the graph has no output.
    init(_ graph: TensorGraph) throws(QuantizationError) {
        guard !graph.outputs.isEmpty else { throw .invalidNetwork("the graph has no output") }
        self.graph = graph
        var producers: [Int: Int] = [:]
        var readers: [Int: [Int]] = [:]
        for (index, node) in graph.nodes.enumerated() {
            producers[node.output] = index
            for input in node.inputs { readers[input, default: []].append(index) }
        }
        self.producers = producers
        var isClients = [Bool](repeating: false, count: graph.nodes.count)
        for (index, node) in graph.nodes.enumerated().reversed() {
            isClients[index] =
                (node.operation.isForClients || graph.moves(node)) && !node.inputs.contains(0)
                && (readers[node.output] ?? []).allSatisfy { isClients[$0] }
        }
        // Linear steps and products of encrypted values are encrypted too where that hides something, unless the client
        // sees what they read anyway.
        func isEncrypted(_ value: Int) -> Bool { producers[value].map { !isClients[$0] } ?? true }
        var hides = [Bool](repeating: false, count: graph.nodes.count)
        for (index, node) in graph.nodes.enumerated().reversed()
        where isClients[index] && node.operation.isPolynomial && !graph.moves(node) {
            hides[index] =
                node.operation.hides(graph, node)
                || (readers[node.output] ?? []).contains { hides[$0] }
        }
        for (index, node) in graph.nodes.enumerated()
        where hides[index] && node.inputs.allSatisfy(isEncrypted) {
            let isShown = node.inputs.allSatisfy { input in
                graph.outputs.contains(input)
                    || (readers[input] ?? []).contains {
                        $0 != index && isClients[$0] && !graph.nodes[$0].operation.isPolynomial
                    }
            }
            if !isShown { isClients[index] = false }
        }
        suffix = graph.nodes.indices.filter { isClients[$0] }
        var shown: [Int] = []
        for value in suffix.flatMap({ graph.nodes[$0].inputs }) + graph.outputs
        where isEncrypted(value) && !shown.contains(value) {
            shown.append(value)
        }
        value = shown[0]
        guard shown.count > 1 else { return }
        // One value of all that is shown.
        var count = 0
        for part in shown {
            offsets[part] = count
            count += graph.values[part].count
        }
        value = graph.values.count
        self.graph.values.append(TensorGraph.Value(name: "outputs", shape: [1, count]))
        self.graph.nodes.append(
            TensorGraph.Node(
                name: "outputs", operator: "Concat",
                operation: .gather(indices: Array(0..<Int32(count)), fill: 0), inputs: shown,
                output: value))
    }

    /// A node that is to be left to the client and isn't.
    var unmoved: String? {
        let clients = Set(suffix)
        return graph.nodes.indices.first {
            graph.clientNodes.contains(graph.nodes[$0].name) && !clients.contains($0)
        }.map { graph.nodes[$0].name }
    }

    /// Names of the nodes that the client does.
    var cut: [String] {
        suffix.map { graph.clientsWords(graph.nodes[$0]) }
    }

    /// What the client does.
    /// - Throws: `QuantizationError` where it is more than a client is asked to do.
    func program() throws(QuantizationError) -> OutputProgram {
        var steps: [OutputProgram.Step] = []
        var places: [Int: Int] = offsets.isEmpty ? [value: 0] : [:]
        func place(_ part: Int) -> Int {
            if let found = places[part] { return found }
            let range = Int32(offsets[part]!)..<Int32(offsets[part]! + graph.values[part].count)
            steps.append(OutputProgram.Step(.gather(indices: Array(range), fill: 0), inputs: [0]))
            places[part] = steps.count
            return steps.count
        }
        for index in suffix {
            let node = graph.nodes[index]
            if let step = ofParts(node) {
                steps.append(step)
                places[node.output] = steps.count
                continue
            }
            var inputs = node.inputs.map(place)
            if node.operation == .function(.squareRoot) {
                // Of a sum of squares near zero, which integers may put below it.
                steps.append(
                    OutputProgram.Step(
                        .function(.clip(0, .greatestFiniteMagnitude)), inputs: inputs))
                inputs = [steps.count]
            }
            steps.append(OutputProgram.Step(node.operation, inputs: inputs))
            places[node.output] = steps.count
        }
        let outputs = graph.outputs.indices.map { index in
            let shape = graph.outputShapes[index]
            return OutputProgram.Output(
                name: graph.outputNames[index], value: place(graph.outputs[index]),
                shape: shape.first == 1 ? Array(shape.dropFirst()) : shape,
                meaning: graph.meanings[index])
        }
        do throws(ProgramError) {
            return try OutputProgram(
                inputCount: graph.values[value].count, steps: steps, outputs: outputs)
        } catch {
            throw .invalidNetwork("what follows its layers can't be left to the client: \(error)")
        }
    }

    /// What puts parts of the encrypted value together, as one step of it: there may be more parts than a step reads.
    private func ofParts(_ node: TensorGraph.Node) -> OutputProgram.Step? {
        guard case .gather(let indices, let fill) = node.operation, node.inputs.count > 1,
            node.inputs.allSatisfy({ offsets[$0] != nil })
        else { return nil }
        let places = node.inputs.flatMap { part in
            (0..<Int32(graph.values[part].count)).map { Int32(offsets[part]!) + $0 }
        }
        return OutputProgram.Step(
            .gather(indices: indices.map { $0 < 0 ? $0 : places[Int($0)] }, fill: fill),
            inputs: [0])
    }

    /// How the encrypted value decides the label, where it does so alone and simply; nil elsewhere.
    var decision: Decision? {
        guard
            let label = graph.outputs.indices.first(where: {
                graph.meanings[$0] != .real && graph.values[graph.outputs[$0]].count == 1
            })
        else {
            // Scores alone are scores of classes where their order is that of the encrypted values.
            let scores = graph.outputs[0]
            let isClassifier =
                graph.outputs.count == 1 && graph.values[scores].count > 1
                && producers[scores].map { graph.nodes[$0].operator.hasSuffix("Regressor") } != true
                && (graph.mayBeScores
                    || producers[scores].map { graph.nodes[$0].isOfClasses } ?? false)
            return isClassifier && order(of: scores) == .same ? .largest : nil
        }
        return decision(of: graph.outputs[label])
    }

    private func decision(of label: Int) -> Decision? {
        guard let node = maker(of: label) else { return nil }
        let count = graph.values[node.inputs[0]].count
        switch node.operation.multiplied {
        // Other numbers for the same classes.
        case .lookUp: return decision(of: node.inputs[0])
        case .scale(let factors, _) where factors.allSatisfy { $0 != 0 }:
            return decision(of: node.inputs[0])
        case .argMax(1, count, 1, _), .top(1, count, 1, 1, true):
            switch order(of: node.inputs[0]) {
            case .same: return count > 1 ? .largest : nil
            case .opposite: return count > 1 ? .smallest : nil
            case .pair: return .sign
            case nil: return nil
            }
        case .vote: return node.inputs[0] == value ? .vote : nil
        case .function(.step):
            guard let scale = maker(of: node.inputs[0]),
                case .scale(let factors, let terms) = scale.operation.multiplied, factors == [1]
            else { return node.inputs[0] == value ? .sign : nil }
            if scale.inputs[0] == value { return terms == [0] ? .sign : nil }
            guard let sigmoid = maker(of: scale.inputs[0]),
                sigmoid.operation == .function(.sigmoid), sigmoid.inputs[0] == value
            else { return nil }
            return terms == [-0.5] ? .sign : nil
        default: return nil
        }
    }

    private enum Order {
        case same
        case opposite
        /// [-s, s], or [1 - p, p] of a probability of s: the encrypted value is s alone.
        case pair
    }

    /// How a value's elements are ordered, by those of the encrypted one.
    private func order(of start: Int) -> Order? {
        var place = start
        var isOpposite = false
        while place != value {
            guard let node = maker(of: place), let next = node.inputs.first else { return nil }
            let count = graph.values[next].count
            switch node.operation.multiplied {
            case .softmax(1, count, 1), .logSoftmax(1, count, 1), .normalize(_, count): break
            case .function(let function) where function.isIncreasing: break
            case .function(.negative): isOpposite.toggle()
            case .scale(let factors, let terms):
                guard let factor = factors.first, factor != 0, let term = terms.first,
                    factors.allSatisfy({ $0 == factor }), terms.allSatisfy({ $0 == term })
                else { return factors == [-1, 1] && isPair(node, terms) ? .pair : nil }
                if factor < 0 { isOpposite.toggle() }
            default: return nil
            }
            place = next
        }
        return isOpposite ? .opposite : .same
    }

    /// Whether a scale makes [-s, s] of the encrypted value, or [1 - p, p] of its sigmoid.
    private func isPair(_ node: TensorGraph.Node, _ terms: [Float]) -> Bool {
        guard let doubled = maker(of: node.inputs[0]),
            case .gather(let indices, _) = doubled.operation, indices == [0, 0],
            doubled.inputs.count == 1
        else { return false }
        if terms == [0, 0] { return doubled.inputs[0] == value }
        guard terms == [1, 0], let sigmoid = maker(of: doubled.inputs[0]) else { return false }
        return sigmoid.operation == .function(.sigmoid) && sigmoid.inputs[0] == value
    }

    private func maker(of value: Int) -> TensorGraph.Node? {
        value == self.value ? nil : producers[value].map { graph.nodes[$0] }
    }
}

extension TensorOperation {
    /// Whether the encrypted part does it exactly: sums, products, whole powers.
    fileprivate var isPolynomial: Bool {
        switch self {
        case .gather, .scale, .quotient, .weightedSum, .add, .subtract, .multiply,
            .function(.negative):
            true
        case .function(.power(let exponent)): exponent >= 1 && exponent.rounded() == exponent
        default: false
        }
    }
}

extension TensorOperation {
    /// Whether doing it encrypted tells the client less: constants of a trained model, sums, elements left out.
    fileprivate func hides(_ graph: TensorGraph, _ node: TensorGraph.Node) -> Bool {
        switch multiplied {
        case .gather(let indices, _):
            Set(indices).count < node.inputs.reduce(0) { $0 + graph.values[$1].count }
        case .scale(let factors, let terms):
            (factors + terms).contains { $0 != 0 && abs($0) != 1 }
        case .function(.negative): false
        default: true
        }
    }
}

extension ScalarFunction {
    /// Strictly, wherever it is defined.
    fileprivate var isIncreasing: Bool {
        switch self {
        case .sigmoid, .tanh, .softplus, .erf, .exponential, .logarithm, .squareRoot: true
        case .leakyRelu(let slope): slope > 0
        case .elu(let alpha): alpha > 0
        default: false
        }
    }
}
