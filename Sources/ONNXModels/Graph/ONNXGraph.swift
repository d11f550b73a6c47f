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
    package let inputName: String
    /// Sizes with the batch; 1 for one that is a symbol.
    package let inputShape: [Int]
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

    init(_ proto: ONNXGraphProto, for use: Use) throws(ONNXError) {
        guard proto.node.count <= Self.maximumNodes else {
            throw .invalidGraph("\(proto.node.count) nodes; at most \(Self.maximumNodes)")
        }
        var constants: [String: ONNXTensor] = [:]
        for initializer in proto.initializer {
            let name = initializer.name
            guard !name.isEmpty else { throw .invalidGraph("an initializer without a name") }
            guard constants[name] == nil else {
                throw .invalidGraph("two initializers named '\(name)'")
            }
            constants[name] = try ONNXTensor(initializer, name: name)
        }
        // Models up to IR version 3 list their initializers among the inputs.
        let inputs = proto.input.filter { constants[$0.name] == nil }
        guard inputs.count == 1, let input = inputs.first, !input.name.isEmpty else {
            throw .invalidGraph("\(inputs.count) inputs; exactly one is accepted")
        }

        var known = Set(constants.keys)
        known.insert(input.name)
        var nodes: [ONNXNode] = []
        for (index, nodeProto) in proto.node.enumerated() {
            let node = try ONNXNode(nodeProto, index: index)
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
            if node.operator == "Constant" {
                try node.checkInputs(0...0)
                constants[node.outputs[0]] = try node.constantValue()
            } else {
                nodes.append(node)
            }
        }
        for output in proto.output where !known.contains(output.name) {
            throw .invalidGraph("nothing makes the output '\(output.name)'")
        }
        self.use = use
        inputName = input.name
        inputShape = try Self.inputShape(input, for: use)
        outputs = proto.output.map { Output($0) }
        outputName = try Self.outputName(outputs)
        self.nodes = nodes
        self.constants = constants
        budget = GraphBudget(
            stored: nodes.reduce(constants.values.reduce(0) { $0 + $1.count }) {
                $0 + $1.attributes.values.reduce(0) { $0 + $1.count }
            })
    }

    /// Refuses an input of more elements than a graph of so few numbers may have.
    func checkInput() throws(ONNXError) {
        let count = inputShape.reduce(1, *)
        guard count <= budget.elements else {
            throw .invalidGraph(
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

    private static func inputShape(
        _ info: ONNXValueInfoProto, for use: Use
    ) throws(ONNXError) -> [Int] {
        let tensor = info.type.tensorType
        func fail(_ reason: String) -> ONNXError {
            .invalidGraph("input '\(info.name)': \(reason)")
        }
        guard tensor.elemType == ONNXElementType.float.rawValue else {
            throw fail("element type \(tensor.elemType); float (1) is accepted")
        }
        let dims = tensor.shape.dim
        guard (use == .serving ? 2...8 : 0...8).contains(dims.count) else {
            throw fail("\(dims.count) dimensions; a batch and at least one more are accepted")
        }
        var shape: [Int] = []
        if let batch = dims.first {
            switch batch.value {
            case .dimValue(1), .dimParam, nil: shape.append(1)
            case .dimValue(let size) where use == .evaluation && size > 0 && size < 1 << 24:
                shape.append(Int(size))
            case .dimValue(let size):
                throw fail("a batch of \(size); 1 or a symbol is accepted")
            }
        }
        for dim in dims.dropFirst() {
            guard case .dimValue(let size) = dim.value, size > 0,
                size <= Int64(IntegerNetwork.maximumElements)
            else { throw fail("sizes after the batch must be given and positive") }
            shape.append(Int(size))
        }
        do {
            _ = try checkedCount(shape, of: "the input")
        } catch {
            throw fail(error.description)
        }
        return shape
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
