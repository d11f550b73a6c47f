/// The one-input, one-output graph of a model: names resolved, order checked, constants decoded.
package struct ONNXGraph: Sendable {
    package let inputName: String
    /// Sizes of one sample, without the batch dimension that comes first.
    package let sampleShape: [Int]
    package let outputName: String
    /// In an order in which every input is made before it is used.
    package let nodes: [ONNXNode]
    /// Initializers and the values of Constant nodes.
    package let constants: [String: ONNXTensor]

    static let maximumNodes = 4096

    init(_ proto: ONNXGraphProto) throws(ONNXError) {
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
        guard proto.output.count == 1, let output = proto.output.first else {
            throw .invalidGraph("\(proto.output.count) outputs; exactly one is accepted")
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
        guard known.contains(output.name) else {
            throw .invalidGraph("nothing makes the output '\(output.name)'")
        }
        inputName = input.name
        outputName = output.name
        sampleShape = try Self.sampleShape(input)
        self.nodes = nodes
        self.constants = constants
    }

    private static func sampleShape(_ info: ONNXValueInfoProto) throws(ONNXError) -> [Int] {
        let tensor = info.type.tensorType
        func fail(_ reason: String) -> ONNXError {
            .invalidGraph("input '\(info.name)': \(reason)")
        }
        guard tensor.elemType == ONNXElementType.float.rawValue else {
            throw fail("element type \(tensor.elemType); float (1) is accepted")
        }
        let dims = tensor.shape.dim
        guard (2...8).contains(dims.count) else {
            throw fail("\(dims.count) dimensions; a batch and at least one more are accepted")
        }
        switch dims[0].value {
        case .dimValue(1), .dimParam, nil: break
        case .dimValue(let batch): throw fail("a batch of \(batch); 1 or a symbol is accepted")
        }
        var shape: [Int] = []
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
        case ("value_floats", .floats(let values)):
            return ONNXTensor(
                name: name, dims: [values.count], type: .float,
                values: .reals(values.map(Double.init)))
        case ("value_ints", .integers(let values)):
            return ONNXTensor(
                name: name, dims: [values.count], type: .int64, values: .integers(values))
        default:
            throw refusal(
                "attribute '\(key)'; value, value_float, value_int, value_floats and value_ints are accepted"
            )
        }
    }
}
