// SPDX-License-Identifier: Apache-2.0

import IntegerNetworks
import TensorGraphs

/// Turns an ONNX graph into a tensor graph, node by node. Nodes that no score needs are left out.
struct TensorGraphImporter {
    let graph: ONNXGraph
    let operatorSet: Int
    /// Names that the outputs depend on.
    var needed: Set<String>
    /// The batch that constant shapes are written for where one sample is imported; else 1.
    let fixedBatch: Int
    var values: [String: ImportedValue] = [:]
    var tensors: TensorGraph
    /// The ONNX value being made, for naming.
    var name = ""
    private var elements = 0
    private var multiplications = 0
    private var votes = 0
    /// What DequantizeLinear makes, by its output, where another node needed it before.
    var early: [String: ImportedValue] = [:]
    /// Nodes of If and Loop that were written out.
    var bodyNodes = 0
    /// All strings that a model of texts knows. A text is a place in it, or -1.
    let vocabulary: [String]

    /// - Parameter batch: samples at once.
    init(_ model: ONNXModel, batch: Int = 1) {
        graph = model.graph
        fixedBatch = batch == 1 ? graph.fixedBatch : 1
        let shape = batch == 1 ? graph.inputShape : [batch] + graph.sampleShape
        operatorSet = model.operatorSet
        let outputs = Self.outputs(model.graph)
        needed = Self.needed(graph.nodes, outputs: outputs)
        tensors = TensorGraph(
            values: [TensorGraph.Value(name: graph.inputName, shape: shape)], nodes: [],
            outputs: [], labels: model.labels, budget: model.graph.budget)
        tensors.clientNodes = Set(model.clientNodes)
        tensors.outputKind = model.outputKind
        for (name, tensor) in graph.constants where needed.contains(name) {
            values[name] = .constant(ImportedConstant(tensor))
        }
        let hasTexts = graph.inputs.contains { $0.type == nil }
        vocabulary = hasTexts ? Self.vocabulary(graph) : []
        guard !graph.inputs.isEmpty else {
            values[graph.inputName] = .activation(
                0, shape: shape,
                kind: graph.inputType.isReal
                    ? .real : .index(ImportedValue.Indices(magnitude: graph.inputType.magnitude)))
            return
        }
        addInputs(batch: batch)
    }

    mutating func build() throws(ONNXError) -> TensorGraph {
        try graph.checkInput()
        try checkKind()
        elements = tensors.values[0].count
        guard elements <= tensors.budget.elements else {
            throw .unsupportedModel(
                "a batch of \(elements) elements; \(tensors.budget.limit(tensors.budget.elements, of: "elements"))"
            )
        }
        try run(graph.nodes)
        for output in Self.outputs(graph) {
            switch values[output] {
            case .activation(let index, let shape, let kind):
                tensors.outputs.append(try shaped(index, name: output, shape: shape))
                tensors.outputNames.append(output)
                tensors.outputShapes.append(shape)
                tensors.meanings.append(meaning(kind))
            case .constant(let constant) where graph.use == .evaluation:
                tensors.outputs.append(try materialized(constant, name: output))
                tensors.outputNames.append(output)
                tensors.outputShapes.append(constant.shape)
                tensors.meanings.append(.real)
            case .constant:
                throw .unsupportedModel(
                    "the output '\(output)' does not depend on the input: it is the same for every sample"
                )
            case nil: throw .invalidGraph("the output '\(output)' is not evaluated")
            }
        }
        if votes != 1 { tensors.decisions = nil }
        return tensors.pruned()
    }

    mutating func run(_ nodes: [ONNXNode]) throws(ONNXError) {
        for node in nodes {
            guard node.outputs.contains(where: needed.contains) else { continue }
            name = node.outputs.first { !$0.isEmpty } ?? node.name
            let first = tensors.values.count
            let results: [ImportedValue?]
            do throws(ONNXError) {
                results = try operation(node)
            } catch {
                guard let folded = evaluated(node) else { throw error }
                results = folded
            }
            for (output, result) in zip(node.outputs, results) {
                guard let result, !output.isEmpty else { continue }
                values[output] = result
                if case .activation(let index, let shape, _) = result, index >= first {
                    tensors.values[index] = TensorGraph.Value(name: output, shape: shape)
                }
            }
        }
    }

    /// A value of the output's own shape where shapes are compared; elsewhere the value that it is a reshape of.
    private mutating func shaped(
        _ index: Int, name: String, shape: [Int]
    ) throws(ONNXError) -> Int {
        guard graph.use == .evaluation, tensors.values[index].shape != shape else { return index }
        let count = tensors.values[index].count
        let output = tensors.values.count
        tensors.values.append(TensorGraph.Value(name: name, shape: shape))
        tensors.nodes.append(
            TensorGraph.Node(
                name: name, operator: "Reshape",
                operation: .gather(indices: Array(0..<Int32(count)), fill: 0), inputs: [index],
                output: output))
        return output
    }

    /// Names of the outputs that are evaluated, the scores' first when serving.
    private static func outputs(_ graph: ONNXGraph) -> [String] {
        let names = graph.outputs.map(\.name)
        guard graph.use == .serving else { return names }
        return [graph.outputName] + names.filter { $0 != graph.outputName }
    }

    static func needed(_ nodes: [ONNXNode], outputs: [String]) -> Set<String> {
        var needed = Set(outputs)
        for node in nodes.reversed() where node.outputs.contains(where: needed.contains) {
            needed.formUnion(node.inputs)
            for body in node.bodies { needed.formUnion(body.names) }
        }
        needed.remove("")
        return needed
    }

    mutating func noteLabels(_ values: ONNXTensor.Values) {
        guard tensors.labels == nil else { return }
        switch values {
        case .strings(let names): tensors.labels = names
        case .integers(let numbers): tensors.labels = numbers.map(\.description)
        case .reals(let numbers):
            let whole = numbers.compactMap { Int64(exactly: $0) }
            guard whole.count == numbers.count else { return }
            tensors.labels = whole.map(\.description)
        }
    }

    // MARK: Making values

    /// Counts elements before they are allocated.
    /// - Parameter copies: lists of so many.
    mutating func charge(
        _ count: Int, times copies: Int = 1, _ node: ONNXNode
    ) throws(ONNXError) {
        guard count >= 0, count <= IntegerNetwork.maximumElements else {
            throw node.refusal(
                "\(count) elements; \(IntegerNetwork.maximumElements) in a tensor or list are accepted"
            )
        }
        elements += copies * count
        let limit = tensors.budget.elements
        guard elements <= limit else {
            throw node.refusal(
                "with it the graph's tensors have \(elements) elements; \(tensors.budget.limit(limit, of: "elements"))"
            )
        }
    }

    /// Counts as its own what another importer of the same graph made.
    mutating func takeCharges(of other: TensorGraphImporter) {
        elements = other.elements
        multiplications = other.multiplications
    }

    /// Counts multiplications before they are done, or written out as a layer.
    mutating func chargeWork(_ node: ONNXNode, _ sizes: [Int]) throws(ONNXError) {
        var work = 1
        for size in sizes {
            let (next, overflow) = work.multipliedReportingOverflow(by: max(1, size))
            guard !overflow, next <= Convolution.maximumMultiplications else {
                throw node.refusal(
                    "more than \(Convolution.maximumMultiplications) multiplications")
            }
            work = next
        }
        multiplications += work
        let limit = tensors.budget.multiplications
        guard multiplications <= limit else {
            throw node.refusal(
                "with it the graph takes \(multiplications) multiplications; \(tensors.budget.limit(limit, of: "multiplications"))"
            )
        }
    }

    /// The product of sizes, within the limit of a tensor and charged. Where one is 0, the others are held to the
    /// limit, too.
    @discardableResult
    mutating func count(_ shape: [Int], _ node: ONNXNode) throws(ONNXError) -> Int {
        guard shape.count <= 16 else { throw node.refusal("\(shape.count) dimensions") }
        var count = 1
        for size in shape {
            let (next, overflow) = count.multipliedReportingOverflow(by: max(1, size))
            guard size >= 0, !overflow, next <= IntegerNetwork.maximumElements else {
                throw node.refusal(
                    "sizes \(shape); \(IntegerNetwork.maximumElements) elements are accepted")
            }
            count = next
        }
        if shape.contains(0) { return 0 }
        try charge(count, node)
        return count
    }

    /// Appends an operation on values of the graph.
    mutating func append(
        _ node: ONNXNode, _ operation: TensorOperation, _ inputs: [Int], shape: [Int],
        kind: ImportedValue.Kind = .real
    ) throws(ONNXError) -> ImportedValue {
        let count = try count(shape, node)
        guard count > 0 else { throw node.refusal("nothing is left: sizes \(shape)") }
        let output = tensors.values.count
        tensors.values.append(TensorGraph.Value(name: "\(name)#\(output)", shape: shape))
        tensors.nodes.append(
            TensorGraph.Node(
                name: node.name, operator: node.operator, operation: operation, inputs: inputs,
                output: output))
        return .activation(output, shape: shape, kind: kind)
    }

    /// An operation on any values: evaluated at once when all are constants of reals.
    mutating func apply(
        _ node: ONNXNode, _ operation: TensorOperation, _ inputs: [ImportedValue], shape: [Int],
        kind: ImportedValue.Kind = .real
    ) throws(ONNXError) -> ImportedValue {
        var floats: [[Float]] = []
        var types: Set<ONNXElementType> = []
        for case .constant(let constant) in inputs {
            guard let reals = constant.reals else {
                throw node.refusal("a constant of \(constant.type); reals are accepted")
            }
            floats.append(reals.map { Float($0) })
            types.insert(constant.type)
        }
        guard floats.count < inputs.count else {
            let count = try count(shape, node)
            guard count > 0 else { return .constant(ImportedConstant(floats: [], shape: shape)) }
            let results = operation.evaluate(floats).map(Double.init)
            guard types.count == 1, let type = types.first else {
                return .constant(
                    ImportedConstant(shape: shape, type: .float, values: .reals(results)))
            }
            return .constant(
                ImportedConstant(
                    shape: shape, type: type, values: .reals(results.map(type.rounded))))
        }
        var indices: [Int] = []
        for input in inputs {
            switch input {
            case .activation(let index, _, _): indices.append(index)
            case .constant(let constant):
                try charge(constant.count, times: 3, node)
                indices.append(try materialized(constant, name: "\(name)#constant", node: node))
            }
        }
        return try append(node, operation, indices, shape: shape, kind: kind)
    }

    /// A value of the graph that is constant, for operators that take none. Its elements don't depend on the input's.
    mutating func materialized(
        _ constant: ImportedConstant, name: String, node: ONNXNode? = nil
    ) throws(ONNXError) -> Int {
        let count = constant.count
        var terms = [Float](repeating: 0, count: count)
        switch constant.values {
        case .reals(let reals): terms = reals.map { Float($0) }
        case .integers(let integers): terms = integers.map { Float($0) }
        case .strings: throw .invalidGraph("'\(name)' is a constant of strings")
        }
        guard count > 0 else { throw .invalidGraph("'\(name)' has no elements") }
        let operation = TensorOperation.gather(
            indices: Array(repeating: -1, count: count), fill: 0)
        for (index, operation) in [
            operation, .scale(factors: Array(repeating: 1, count: count), terms: terms),
        ].enumerated() {
            let output = tensors.values.count
            tensors.values.append(TensorGraph.Value(name: name, shape: constant.shape))
            tensors.nodes.append(
                TensorGraph.Node(
                    name: node?.name ?? name, operator: node?.operator ?? "Constant",
                    operation: operation, inputs: [index == 0 ? 0 : output - 1], output: output))
        }
        return tensors.values.count - 1
    }

    mutating func noteDecisions(_ value: ImportedValue, classes: Int) {
        guard case .activation(let index, _, _) = value else { return }
        tensors.decisions = TensorGraph.Decisions(value: index, classes: classes)
        votes += 1
    }
}
