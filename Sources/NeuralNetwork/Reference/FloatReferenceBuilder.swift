/// Prepares the steps of a `FloatReference`: follows shapes (of one sample) and folds everything constant.
struct FloatReferenceBuilder {
    enum Value {
        case constant(ONNXTensor)
        case sample(slot: Int, shape: [Int])
    }

    let graph: ONNXGraph
    var values: [String: Value]
    var steps: [FloatStep] = []
    var slotsCount = 1

    init(_ graph: ONNXGraph) {
        self.graph = graph
        values = graph.constants.mapValues { .constant($0) }
        values[graph.inputName] = .sample(slot: 0, shape: graph.sampleShape)
    }

    mutating func build() throws(ONNXError) -> FloatReference {
        for node in graph.nodes {
            guard let output = node.outputs.first else { throw node.refusal("it has no output") }
            values[output] = try step(node)
        }
        guard case .sample(let slot, let shape) = values[graph.outputName] else {
            throw .invalidGraph("the output '\(graph.outputName)' does not depend on the input")
        }
        return FloatReference(
            inputSlot: 0, outputSlot: slot, slotsCount: slotsCount, steps: steps,
            inputCount: graph.sampleShape.reduce(1, *), outputCount: shape.reduce(1, *))
    }

    private mutating func step(_ node: ONNXNode) throws(ONNXError) -> Value {
        switch node.operator {
        case "Identity":
            try node.checkInputs(1...1)
            return try value(node, 0)
        case "Flatten":
            let (_, shape) = try sample(node, 0)
            return try append(node, .copy, shape: try node.flattenedShape(shape))
        case "Reshape":
            let (_, shape) = try sample(node, 0)
            return try append(
                node, .copy,
                shape: try node.reshapedShape(shape, target: try constant(node, 1)))
        case "Clip": return try clip(node)
        case "QuantizeLinear", "DequantizeLinear": return try quantization(node)
        case "Mul", "Pow": return try square(node)
        case "Conv": return try convolution(node)
        case "Slice": return try slice(node)
        case "Gemm": return try dense(node, transposed: try node.gemmTransposesWeights())
        case "MatMul": return try dense(node, transposed: false)
        case "Add": return try add(node)
        default:
            let accepted = Lowering.acceptedOperators.joined(separator: ", ")
            throw node.refusal("the operator is not supported; accepted are \(accepted)")
        }
    }

    mutating func append(
        _ node: ONNXNode, _ operation: FloatOperation, at index: Int = 0, shape: [Int]
    ) throws(ONNXError) -> Value {
        let (slot, _) = try sample(node, index)
        steps.append(FloatStep(operation: operation, input: slot, output: slotsCount))
        slotsCount += 1
        return .sample(slot: slotsCount - 1, shape: shape)
    }

    func value(_ node: ONNXNode, _ index: Int) throws(ONNXError) -> Value {
        guard let name = node.input(index), let value = values[name] else {
            throw node.refusal("input \(index) is missing")
        }
        return value
    }

    func constant(_ node: ONNXNode, _ index: Int) throws(ONNXError) -> ONNXTensor {
        guard case .constant(let tensor) = try value(node, index) else {
            throw node.refusal("input \(index) must be a constant")
        }
        return tensor
    }

    func reals(_ node: ONNXNode, _ index: Int) throws(ONNXError) -> (values: [Float], dims: [Int]) {
        let tensor = try constant(node, index)
        guard let reals = tensor.reals else {
            throw node.refusal("'\(tensor.name)' is not a tensor of reals")
        }
        return (reals.map { Float($0) }, tensor.dims)
    }

    func sample(_ node: ONNXNode, _ index: Int) throws(ONNXError) -> (slot: Int, shape: [Int]) {
        guard case .sample(let slot, let shape) = try value(node, index) else {
            throw node.refusal("input \(index) is a constant; an activation is accepted")
        }
        return (slot, shape)
    }
}
