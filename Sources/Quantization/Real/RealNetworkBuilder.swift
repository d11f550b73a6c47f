// SPDX-License-Identifier: Apache-2.0

import IntegerNetworks
import TensorGraphs

/// Composes a graph into a `RealNetwork`. What is linear becomes affine maps of as few values as pays; what is
/// elementwise of one value becomes one expression; the head and the tail go to the client as far as it can do them.
struct RealNetworkBuilder {
    /// What is known of a value of the graph.
    enum Known {
        case linear(LinearForm)
        /// A function of a value of the graph, element by element.
        case scalar(ScalarExpression, argument: Int)
    }

    struct ActivationKey: Hashable {
        let source: Int
        let expression: ScalarExpression
    }

    /// Largest tree of an expression.
    static let maximumExpressionSize = 512

    let graph: TensorGraph
    let tail: NetworkTail
    var known: [Int: Known] = [:]
    /// Values of the network that hold values of the graph.
    var emitted: [Int: Int] = [:]
    var activations: [ActivationKey: Int] = [:]
    /// How many nodes read each value of the graph, of those that matter.
    var readers: [Int]
    /// Values that are nothing but the input scaled, on the only way from it.
    var head: Set<Int> = []
    /// Codes of a QuantizeLinear; they are known by the reals that they stand for.
    var codes: [Int: QuantizationGrid] = [:]
    let saturation: Saturation
    var network: RealNetwork
    /// Multiplications that maps may still be composed with.
    private var compositions: Int
    /// Numbers in all maps that were made.
    private var entries = 0
    /// Elements of all values of the network.
    private var elements = 0

    /// The network of a graph.
    static func build(
        _ graph: TensorGraph, saturation: Saturation = .mayBind
    ) throws(QuantizationError) -> RealNetwork {
        var builder = try RealNetworkBuilder(graph, saturation)
        return try builder.run()
    }

    private init(_ model: TensorGraph, _ saturation: Saturation) throws(QuantizationError) {
        let ending = try ModelEnding(model)
        let graph = ending.graph
        self.graph = graph
        self.saturation = saturation
        compositions = graph.budget.compositions
        tail = ending.tail
        readers = [Int](repeating: 0, count: graph.values.count)
        guard !graph.values.isEmpty else { throw .invalidNetwork("the graph has no values") }
        for value in graph.values where value.count > IntegerNetwork.maximumElements {
            throw .tooLarge(node: value.name, reason: "\(value.count) elements")
        }
        let decision = tail.decision ?? .largest
        let count = graph.values[tail.value].count
        let expected = decision.labelsCount(outputs: count) ?? count
        var labels = ending.program?.labelNames ?? graph.labels ?? []
        // Labels are shown in terminals.
        let isPrintable = labels.allSatisfy { label in
            label.unicodeScalars.allSatisfy { $0.properties.generalCategory != .control }
        }
        guard isPrintable else { throw .invalidNetwork("a label has control characters") }
        if labels.count != expected { labels = IntegerNetwork.defaultLabels(expected) }
        network = RealNetwork(
            inputShape: Self.sampleShape(graph.values[0].shape), decision: decision,
            transform: tail.transform, labels: labels)
        network.program = ending.program
        network.inputRanges = graph.inputRanges
        network.folded += graph.notes
    }

    private mutating func run() throws(QuantizationError) -> RealNetwork {
        let nodes = neededNodes()
        for node in nodes { for input in Set(node.inputs) { readers[input] += 1 } }
        readers[tail.value] += 1
        let count = graph.values[0].count
        known[0] = .linear(.base(0, count: count))
        emitted[0] = 0
        if readers[0] == 1 { head.insert(0) }
        for node in nodes {
            if let moved = movedCodes(node) {
                try add(moved)
                continue
            }
            for input in node.inputs where codes[input] != nil {
                guard case .dequantize = node.operation else {
                    throw refusal(node, "it reads codes", "put DequantizeLinear before it")
                }
            }
            try add(node)
        }
        network.output = try materialize(tail.value)
        network.dropped += tail.cut.map { "\($0): done by the client" }
        network.prune()
        network.joinProducts()
        network.completeSquares()
        guard !network.nodes.isEmpty else {
            throw .invalidNetwork(
                "nothing of it is left to hide: a client can do all that it does by itself")
        }
        return network
    }

    /// Sizes without the batch.
    static func sampleShape(_ shape: [Int]) -> [Int] {
        shape.count > 1 && shape[0] == 1 ? Array(shape.dropFirst()) : shape.isEmpty ? [1] : shape
    }

    /// Those that the encrypted output depends on, in order.
    private func neededNodes() -> [TensorGraph.Node] {
        var needed: Set<Int> = [tail.value]
        var nodes: [TensorGraph.Node] = []
        for node in graph.nodes.reversed() where needed.contains(node.output) {
            needed.formUnion(node.inputs)
            nodes.append(node)
        }
        return nodes.reversed()
    }

    func refusal(
        _ node: TensorGraph.Node, _ reason: String, _ advice: String
    ) -> QuantizationError {
        .unsupported(node: node.name, operator: node.operator, reason: reason, advice: advice)
    }

    // MARK: Costs

    /// Refuses more entries than the graph may have, before they are made.
    func checkEntries(_ name: String, _ count: Int) throws(QuantizationError) {
        guard count <= LinearMap.maximumEntries else {
            throw .tooLarge(
                node: name,
                reason: "a linear map of \(count) entries; at most \(LinearMap.maximumEntries)")
        }
        let limit = graph.budget.entries
        guard entries + count <= limit else {
            throw .tooLarge(
                node: name,
                reason:
                    "with it the linear maps have \(entries + count) entries; \(graph.budget.limit(limit, of: "entries"))"
            )
        }
    }

    private mutating func charge(
        _ maps: [LinearMap], _ name: String
    ) throws(QuantizationError) {
        let count = maps.reduce(0) { $0 + $1.storedCount }
        try checkEntries(name, count)
        entries += count
    }

    /// Appends a node to the network and gives its value.
    mutating func append(_ node: RealNetwork.Node) throws(QuantizationError) -> Int {
        elements += node.count
        let limit = graph.budget.values
        guard elements <= limit else {
            throw .tooLarge(
                node: node.name,
                reason:
                    "with it \(elements) elements are computed encrypted; \(graph.budget.limit(limit, of: "elements"))"
            )
        }
        network.nodes.append(node)
        return network.nodes.count
    }

    // MARK: Forms of values

    func scalar(_ value: Int) -> (expression: ScalarExpression, argument: Int) {
        if case .scalar(let expression, let argument)? = known[value] {
            return (expression, argument)
        }
        return (.input, value)
    }

    /// Makes a value an expression of the argument of those it was made of.
    mutating func setScalar(
        _ value: Int, _ expression: ScalarExpression, argument: Int, node: TensorGraph.Node
    ) throws(QuantizationError) {
        guard expression.size <= Self.maximumExpressionSize else {
            throw refusal(
                node, "an elementwise expression of more than \(Self.maximumExpressionSize) terms",
                "simplify it")
        }
        known[value] = .scalar(expression, argument: argument)
    }

    /// A value as an affine map of values of the network.
    mutating func form(_ value: Int) throws(QuantizationError) -> LinearForm {
        switch known[value] {
        case .linear(let form)?: return form
        case .scalar(let expression, let argument)?:
            let count = graph.values[value].count
            guard let (factor, term) = expression.affine else {
                return .base(try emit(expression, of: argument), count: count)
            }
            if factor == 0 {
                return LinearForm(terms: [], bias: [Double](repeating: term, count: count))
            }
            if factor == 1, term == 0 { return try use(argument, by: .identity(count)) }
            var result = try use(
                argument, by: .matrix(.diagonal([Double](repeating: factor, count: count))))
            result.bias = result.bias.map { $0 + term }
            return result
        case nil: throw .invalidNetwork("a value is read before it is made")
        }
    }

    /// A map applied to a value: composed with what made it, unless others read that too or it would grow too much.
    mutating func use(_ value: Int, by map: LinearMap) throws(QuantizationError) -> LinearForm {
        let name = graph.values[value].name
        try charge([map], name)
        let form = try form(value)
        let mayCompose = readers[value] <= 1 || form.isCheap || form.base != nil
        if mayCompose, emitted[value] == nil || form.isCheap,
            let composed = form.composed(with: map, work: &compositions)
        {
            try charge(composed.terms.map(\.map), name)
            return composed
        }
        let count = graph.values[value].count
        let base = LinearForm.base(try materialize(value), count: count)
        guard let composed = base.composed(with: map, work: &compositions) else {
            throw .tooLarge(node: name, reason: "its linear map is too large")
        }
        return composed
    }

    /// The value of the network that holds a value of the graph.
    mutating func materialize(_ value: Int) throws(QuantizationError) -> Int {
        if let found = emitted[value] { return found }
        let result: Int
        if case .scalar(let expression, let argument)? = known[value], expression.affine == nil {
            result = try emit(expression, of: argument)
        } else {
            let form = try form(value)
            if let base = form.base {
                result = base
            } else {
                result = try emit(form, shape: graph.values[value])
            }
        }
        emitted[value] = result
        return result
    }

    private mutating func emit(
        _ form: LinearForm, shape value: TensorGraph.Value
    ) throws(QuantizationError) -> Int {
        let shape = Self.sampleShape(value.shape)
        var form = form
        // A constant reads the input with weights of zero.
        if form.terms.isEmpty {
            let columns = network.inputCount
            let zeros = RealMatrix(
                rowStarts: [Int](repeating: 0, count: form.bias.count + 1), columnIndices: [],
                weights: [], columns: columns)
            form.terms = [(0, .matrix(zeros))]
        }
        if form.terms.count == 1, case .matrix(let matrix) = form.terms[0].map,
            let input = imageShape(network.shape(of: form.terms[0].base)),
            let output = imageShape(shape),
            let found = ConvolutionDetector.convolution(of: matrix, input: input, output: output)
        {
            form.terms[0].map = .convolution(found)
        }
        let main = form.names.max { $0.weights < $1.weights }?.name ?? value.name
        let folded = form.names.map(\.name).filter { $0 != main }
        return try append(
            RealNetwork.Node(
                name: main, folded: folded,
                operation: .affine(
                    RealAffine(maps: form.terms.map(\.map), bias: form.bias, shape: shape)),
                sources: form.terms.map(\.base), shape: shape))
    }

    private func imageShape(_ shape: [Int]) -> ImageShape? {
        switch shape.count {
        case 3: ImageShape(channels: shape[0], height: shape[1], width: shape[2])
        case 2: ImageShape(channels: shape[0], height: 1, width: shape[1])
        default: nil
        }
    }

    private mutating func emit(
        _ expression: ScalarExpression, of argument: Int
    ) throws(QuantizationError) -> Int {
        let source = try materialize(argument)
        let key = ActivationKey(source: source, expression: expression)
        if let found = activations[key] { return found }
        let operation: RealNetwork.Operation
        if let polynomial = expression.polynomial {
            operation = .polynomial(ChannelPolynomials([polynomial]))
        } else {
            operation = .activation(expression)
        }
        let value = try append(
            RealNetwork.Node(
                name: activationName(source), folded: [], operation: operation, sources: [source],
                shape: network.shape(of: source)))
        activations[key] = value
        return value
    }

    private func activationName(_ source: Int) -> String {
        source == 0 ? "activation of the input" : "activation of \(network.nodes[source - 1].name)"
    }
}
