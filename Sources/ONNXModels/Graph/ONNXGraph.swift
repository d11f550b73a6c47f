// SPDX-License-Identifier: Apache-2.0

import IntegerNetworks
import TensorGraphs

/// The graph of a model with one input: names resolved, order checked, constants decoded.
package struct ONNXGraph: Sendable {
    /// What a graph is read for.
    package enum Use: Sendable {
        /// One sample in, with a batch of 1 or a symbol.
        case serving
        /// Any fixed sizes and any outputs: to compare the operators with others' results.
        case evaluation
    }

    /// An output as the graph declares it.
    package struct Output: Sendable {
        package let name: String
        /// Labels are integers or strings; scores are all else, also sequences and maps of them.
        package let isLabel: Bool
    }

    package let use: Use
    /// The input's; of several none that a node may read.
    package let inputName: String
    /// Where there are several inputs, or one of strings: all of them. Then a sample is their elements, one input after
    /// the other.
    let inputs: [Input]
    /// Sizes with the batch; 1 for one that is a symbol, and in serving for any other.
    package let inputShape: [Int]
    package let inputType: ONNXElementType
    /// The batch that the model is written for, where it is fixed.
    package let fixedBatch: Int
    /// Whether the model takes batches of any size.
    let isBatchOpen: Bool
    package let outputs: [Output]
    /// The first output of scores, or of labels where there are no scores.
    package let outputName: String
    /// In an order in which every input is made before it is used.
    package let nodes: [ONNXNode]
    /// Initializers and the values of Constant nodes.
    package let constants: [String: ONNXTensor]

    /// What may be made of what is stored here.
    package let budget: GraphBudget

    /// Sizes of one sample, without the batch dimension that comes first.
    package var sampleShape: [Int] { Array(inputShape.dropFirst()) }

    static let maximumNodes = 4096

    init(
        _ proto: ONNXGraphProto, operatorSet: Int, for use: Use
    ) throws(ONNXError) {
        guard proto.node.count <= Self.maximumNodes else {
            throw .unsupportedModel(
                "the model has \(proto.node.count) nodes; at most \(Self.maximumNodes) are taken")
        }
        var constants = try Self.initializers(proto)
        // Models up to IR version 3 list their initializers among the inputs.
        let inputs = proto.input.filter { constants[$0.name] == nil }
        guard let input = inputs.first else { throw .unsupportedModel("the model has no input") }
        let isTable = use == .serving && (inputs.count > 1 || Self.isText(input))
        guard inputs.count == 1 || isTable, inputs.allSatisfy({ !$0.name.isEmpty }) else {
            throw .unsupportedModel("the model has \(inputs.count) inputs, or one without a name")
        }

        var known = Set(constants.keys)
        for input in inputs {
            guard known.insert(input.name).inserted else {
                throw .invalidGraph("two inputs named '\(input.name)'")
            }
        }
        var nodes: [ONNXNode] = []
        let all = try Self.nodes(
            proto.node, operatorSet: operatorSet, constants: &constants)
        known.formUnion(constants.keys)
        for node in Self.sorted(all) {
            for name in node.inputs where !name.isEmpty && !known.contains(name) {
                throw .invalidGraph(
                    "node '\(node.name)' (\(node.operator)) reads '\(name)', which nothing before it makes"
                )
            }
            for name in node.outputs where !name.isEmpty {
                guard known.insert(name).inserted else {
                    throw .invalidGraph(
                        "'\(name)' is made twice, the second time by '\(node.name)'")
                }
            }
            nodes.append(node)
        }
        for output in proto.output where !known.contains(output.name) {
            throw .invalidGraph("nothing makes the output '\(output.name)'")
        }
        self.use = use
        isBatchOpen =
            switch input.type.tensorType.shape.dim.first?.value {
            case .dimParam, nil: true
            case .dimValue: false
            }
        if isTable {
            self.inputs = try Self.inputs(inputs)
            inputName = ""
            inputShape = [1, self.inputs.reduce(0) { $0 + $1.count }]
            fixedBatch = 1
            inputType = .float
        } else {
            self.inputs = []
            inputName = input.name
            (inputShape, fixedBatch) = try Self.inputShape(input, for: use)
            inputType = try Self.inputType(input)
        }
        outputs = proto.output.map { Output($0) }
        outputName = try Self.outputName(outputs)
        self.nodes = nodes
        self.constants = constants
        budget = GraphBudget(
            stored: nodes.reduce(constants.values.reduce(0) { $0 + $1.count }) {
                $0 + $1.storedCount
            })
    }

    static func initializers(
        _ proto: ONNXGraphProto
    ) throws(ONNXError) -> [String: ONNXTensor] {
        var constants: [String: ONNXTensor] = [:]
        for initializer in proto.initializer {
            let name = initializer.name
            guard !name.isEmpty else { throw .invalidGraph("an initializer without a name") }
            guard constants[name] == nil else {
                throw .invalidGraph("two initializers named '\(name)'")
            }
            constants[name] = try ONNXTensor(initializer, name: name)
        }
        return constants
    }

    /// Nodes as the newest operator sets write them, Constant nodes among the constants.
    static func nodes(
        _ list: [ONNXNodeProto], operatorSet: Int, constants: inout [String: ONNXTensor]
    ) throws(ONNXError) -> [ONNXNode] {
        let adapter = OperatorSetAdapter(operatorSet: operatorSet)
        var nodes: [ONNXNode] = []
        for (index, proto) in list.enumerated() {
            let (node, added) = try adapter.adapted(
                try ONNXNode(proto, index: index, operatorSet: operatorSet))
            var found = added
            if node.operator == "Constant" {
                try node.checkInputs(0...0)
                found = [try node.constantValue()]
            } else {
                nodes.append(node)
            }
            for constant in found {
                guard constants.updateValue(constant, forKey: constant.name) == nil else {
                    throw .invalidGraph(
                        "'\(constant.name)' is made twice, the second time by '\(node.name)'")
                }
            }
        }
        return nodes
    }

    /// Refuses an input of more elements than a graph of so few numbers may have.
    func checkInput() throws(ONNXError) {
        let count = inputShape.reduce(1, *)
        guard count <= budget.elements else {
            throw .unsupportedModel(
                "input '\(inputName)' has \(count) elements; \(budget.limit(budget.elements, of: "elements"))"
            )
        }
    }

    private static func outputName(_ outputs: [Output]) throws(ONNXError) -> String {
        let scores = outputs.filter { !$0.isLabel }
        let candidates = scores.isEmpty ? outputs : scores
        guard let first = candidates.first else { throw .invalidGraph("no output") }
        return first.name
    }

    static func inputShape(
        _ info: ONNXValueInfoProto, for use: Use
    ) throws(ONNXError) -> (shape: [Int], fixedBatch: Int) {
        let tensor = info.type.tensorType
        func fail(_ reason: String) -> ONNXError {
            .unsupportedModel("input '\(info.name)': \(reason)")
        }
        let dims = tensor.shape.dim
        guard (use == .serving ? 2...8 : 0...8).contains(dims.count) else {
            throw fail("\(dims.count) dimensions; a batch and at least one more are accepted")
        }
        var shape: [Int] = []
        var fixedBatch = 1
        if let batch = dims.first {
            switch batch.value {
            case .dimValue(1), .dimParam, nil: shape.append(1)
            case .dimValue(let size) where use == .evaluation && size > 0 && size < 1 << 24:
                shape.append(Int(size))
            case .dimValue(let size) where size > 1 && size < 1 << 24:
                shape.append(1)
                fixedBatch = Int(size)
            case .dimValue(let size):
                throw fail("a batch of \(size); a positive number or a symbol is accepted")
            }
        }
        for dim in dims.dropFirst() {
            guard case .dimValue(let size) = dim.value, size > 0,
                size <= Int64(IntegerNetwork.maximumElements)
            else {
                throw fail(
                    "sizes after the batch must be given and positive; export the model for inputs of one size, with only the batch dynamic"
                )
            }
            shape.append(Int(size))
        }
        do {
            _ = try checkedCount(shape, of: "the input")
        } catch {
            throw fail(error.description)
        }
        return (shape, fixedBatch)
    }

    static func inputType(
        _ info: ONNXValueInfoProto
    ) throws(ONNXError) -> ONNXElementType {
        let code = info.type.tensorType.elemType
        guard let type = ONNXElementType(rawValue: code), type != .string else {
            throw .unsupportedModel(
                "input '\(info.name)' is of element type \(ONNXElementType.name(code)); reals, integers and strings are accepted"
            )
        }
        return type
    }
}

extension ONNXGraph.Output {
    fileprivate init(_ info: ONNXValueInfoProto) {
        name = info.name
        switch ONNXElementType(rawValue: info.type.tensorType.elemType) {
        case nil, .float, .double: isLabel = false
        default: isLabel = true
        }
    }
}

extension ONNXNode {
    /// The value of a Constant node.
    fileprivate func constantValue() throws(ONNXError) -> ONNXTensor {
        guard attributes.count == 1, let (key, attribute) = attributes.first else {
            throw refusal("exactly one attribute is accepted")
        }
        let name = outputs[0]
        switch (key, attribute) {
        case ("value", .tensor(let tensor)):
            return ONNXTensor(
                name: name, dims: tensor.dims, type: tensor.type, values: tensor.values)
        case ("value_float", .float(let value)):
            return ONNXTensor(name: name, dims: [], type: .float, values: .reals([Double(value)]))
        case ("value_int", .integer(let value)):
            return ONNXTensor(name: name, dims: [], type: .int64, values: .integers([value]))
        case ("value_string", .string(let text)):
            return ONNXTensor(name: name, dims: [], type: .string, values: .strings([text]))
        case ("value_strings", .strings(let texts)):
            return ONNXTensor(
                name: name, dims: [texts.count], type: .string, values: .strings(texts))
        case ("value_floats", .floats(let values)):
            return ONNXTensor(
                name: name, dims: [values.count], type: .float,
                values: .reals(values.map(Double.init)))
        case ("value_ints", .integers(let values)):
            return ONNXTensor(
                name: name, dims: [values.count], type: .int64, values: .integers(values))
        default:
            throw refusal(
                "attribute '\(key)'; value, value_float, value_int, value_string and lists of these are accepted"
            )
        }
    }
}

extension ONNXGraph {
    /// The nodes with each after those that it reads, otherwise as they are: not every tool that changes models keeps
    /// the order. Those of a circle, which have none, come last.
    fileprivate static func sorted(_ nodes: [ONNXNode]) -> [ONNXNode] {
        var makers: [String: Int] = [:]
        for (index, node) in nodes.enumerated() {
            for name in node.outputs where !name.isEmpty && makers[name] == nil {
                makers[name] = index
            }
        }
        var waiting = [Int](repeating: 0, count: nodes.count)
        var readers = [[Int]](repeating: [], count: nodes.count)
        for (index, node) in nodes.enumerated() {
            var names = Set(node.inputs)
            for body in node.bodies { names.formUnion(body.names) }
            for maker in Set(names.compactMap { makers[$0] }) {
                waiting[index] += 1
                readers[maker].append(index)
            }
        }
        // All in order already, mostly.
        guard readers.enumerated().contains(where: { maker, all in all.contains { $0 <= maker } })
        else { return nodes }
        var order: [Int] = []
        var ready = nodes.indices.filter { waiting[$0] == 0 }
        while !ready.isEmpty {
            let node = ready.removeFirst()
            order.append(node)
            for reader in readers[node].sorted() {
                waiting[reader] -= 1
                if waiting[reader] == 0 { ready.append(reader) }
            }
        }
        let done = Set(order)
        return (order + nodes.indices.filter { !done.contains($0) }).map { nodes[$0] }
    }
}
