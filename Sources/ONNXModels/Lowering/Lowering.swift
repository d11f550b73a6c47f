// SPDX-License-Identifier: Apache-2.0

import IntegerNetworks

/// Turns an ONNX graph into an integer network: every real tensor is an integer tensor times a scale, tracked node by
/// node.
struct Lowering {
    /// What is known of a value of the graph. Shapes are those of one sample.
    enum Value {
        case constant(ONNXTensor)
        /// A constant (code - zero point) * scale: one scale, or one for each index of an axis.
        case scaledConstant(integers: [Int64], dims: [Int], scales: [Double], axis: Int)
        /// The model's input, clipped to a range if there was a Clip.
        case realInput(shape: [Int], clip: ClosedRange<Float>?)
        /// Codes of the quantized input.
        case codes(shape: [Int], QuantizedInput)
        /// integer * scale. `version` tells which state of `operations` the integers are the outputs of.
        case activation(shape: [Int], scale: Double, version: Int)
        /// The same with a scale a channel, or with functions to apply: for a QuantizeLinear.
        case accumulators(Accumulators)
        /// Codes of an activation, less their zero point: the integers that the last layer puts out.
        case innerCodes(shape: [Int], InnerCodes)
        /// A window of an activation's image, for a convolution: `shape` is the whole, `crop` negative padding.
        case window(shape: [Int], crop: Padding, scale: Double, version: Int)
        /// What a comparison says.
        case truths(Comparison)
    }

    struct QuantizedInput {
        var scale: Float
        var zeroPoint: Int
        /// Codes less the zero point.
        var range: ClosedRange<Int>
    }

    struct InnerCodes {
        let scale: Float
        let zeroPoint: Int
        /// Codes less the zero point.
        let range: ClosedRange<Int64>
        /// As of an activation.
        let version: Int
    }

    static let acceptedOperators =
        [
            "Add", "ArgMax", "Cast", "Clip", "Constant", "Conv", "DequantizeLinear", "Flatten",
            "Gemm", "HardSigmoid", "HardSwish", "Identity", "LeakyRelu", "MatMul", "MaxPool", "Mul",
            "Not", "Pow", "QuantizeLinear", "Relu", "Reshape", "Sign", "Slice", "Where",
        ] + comparisons + quantizedLayers

    let graph: ONNXGraph
    var values: [String: Value] = [:]
    var input: InputSpecification?
    var operations: [IntegerNetwork.Operation] = []
    /// Counts the changes of `operations`, so that a value of a former state is not mistaken for the present one.
    var version = 0
    private var elements = 0
    private var multiplications = 0

    init(_ graph: ONNXGraph) {
        self.graph = graph
        values = graph.constants.mapValues { .constant($0) }
        values[graph.inputName] = .realInput(shape: graph.sampleShape, clip: nil)
    }

    mutating func network(labels: [String]?) throws(ONNXError) -> IntegerNetwork {
        try graph.checkInput()
        guard graph.outputs.count == 1 else {
            throw .unsupportedModel(
                "\(graph.outputs.count) outputs of a model that states its integers; one is taken")
        }
        for node in graph.nodes {
            guard let output = node.outputs.first else { throw node.refusal("it has no output") }
            values[output] = try lower(node)
        }
        if case .accumulators(let found)? = values[graph.outputName],
            let node = graph.nodes.last(where: { $0.outputs.first == graph.outputName })
        {
            throw node.refusal(
                found.functions.isEmpty
                    ? "it puts out scores with a scale each; one for all is accepted, or a QuantizeLinear behind it"
                    : "it puts out a function of what is accumulated; a QuantizeLinear behind it is accepted"
            )
        }
        guard case .activation(let shape, let scale, version) = values[graph.outputName], let input
        else {
            throw .invalidGraph("the output '\(graph.outputName)' is not that of the last layer")
        }
        let count = shape.reduce(1, *)
        let names = labels ?? IntegerNetwork.defaultLabels(count)
        // Labels are shown in terminals.
        let isPrintable = names.allSatisfy { name in
            name.unicodeScalars.allSatisfy { $0.properties.generalCategory != .control }
        }
        guard isPrintable else { throw .invalidGraph("a label has control characters") }
        do {
            return try IntegerNetwork(
                input: input, operations: operations, outputScale: scale, labels: names)
        } catch {
            throw .invalidGraph(error.description)
        }
    }

    private mutating func lower(_ node: ONNXNode) throws(ONNXError) -> Value {
        switch node.operator {
        case "Clip": return try clip(node)
        case "QuantizeLinear": return try quantize(node)
        case "DequantizeLinear": return try dequantize(node)
        case "Conv": return try convolution(node)
        case "Gemm": return try gemm(node)
        case "MatMul": return try matrixProduct(node)
        case "Add": return try add(node)
        case "Mul", "Pow": return try square(node)
        case "Flatten", "Reshape", "Identity": return try reshape(node)
        case "Slice": return try slice(node)
        case "Relu", "LeakyRelu", "HardSigmoid", "HardSwish": return try function(node)
        case "MaxPool": return try maximumPool(node)
        case "ArgMax": return try label(node)
        case "Not": return try not(node)
        case "Cast": return try cast(node)
        case "Where": return try choice(node)
        case "Sign": return try sign(node)
        case _ where Self.comparisons.contains(node.operator): return try comparison(node)
        case _ where Self.quantizedLayers.contains(node.operator):
            return try quantizedLayer(node)
        default:
            let accepted = Self.acceptedOperators.joined(separator: ", ")
            throw node.refusal("the operator is not supported; accepted are \(accepted)")
        }
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

    /// The integers that the last layer puts out.
    func activation(
        _ node: ONNXNode, _ index: Int
    ) throws(ONNXError) -> (shape: [Int], scale: Double) {
        switch try value(node, index) {
        case .activation(let shape, let scale, let found):
            guard found == version else {
                throw node.refusal(
                    "it reads '\(node.input(index) ?? "")', which is not the last layer's output; a chain of layers is accepted"
                )
            }
            return (shape, scale)
        case .accumulators(let found):
            throw node.refusal(
                found.functions.isEmpty
                    ? "what it reads has \(found.scales.count) scales, one a channel; a QuantizeLinear between is accepted"
                    : "it reads a function of an activation; a QuantizeLinear between is accepted")
        case .innerCodes: throw node.refusal("it reads codes; DequantizeLinear must come first")
        case .realInput, .codes:
            throw node.refusal(
                "it reads the input as reals; QuantizeLinear and DequantizeLinear must come first")
        case .window: throw node.refusal("it reads a Slice; a Conv may do that")
        case .truths:
            throw node.refusal(
                "it reads what is true or false; a Cast or a Where between is accepted")
        case .constant, .scaledConstant:
            throw node.refusal("input \(index) is a constant; an activation is accepted")
        }
    }

    /// Appends a layer and gives its output.
    mutating func append(
        _ layer: IntegerNetwork.Layer, shape: [Int], scale: Double, node: ONNXNode,
        sources: [Int]? = nil
    ) throws(ONNXError) -> Value {
        guard scale.isNormal else {
            throw node.refusal("the scale of its output, \(scale), is not a normal number")
        }
        guard operations.count < IntegerNetwork.maximumLayers else {
            throw node.refusal("more than \(IntegerNetwork.maximumLayers) layers")
        }
        try charge(layer, node)
        operations.append(.init(layer, sources: sources ?? [operations.count]))
        version += 1
        return .activation(shape: shape, scale: scale, version: version)
    }

    /// Holds what a layer puts out and multiplies to the graph's budget.
    private mutating func charge(
        _ layer: IntegerNetwork.Layer, _ node: ONNXNode
    ) throws(ONNXError) {
        let budget = graph.budget
        elements += layer.outputCount
        multiplications += layer.multiplicationsCount
        guard elements <= budget.values else {
            throw node.refusal(
                "with it the layers put out \(elements) elements; \(budget.limit(budget.values, of: "elements"))"
            )
        }
        guard multiplications <= budget.multiplications else {
            throw node.refusal(
                "with it the layers take \(multiplications) multiplications; \(budget.limit(budget.multiplications, of: "multiplications"))"
            )
        }
    }

    private mutating func square(_ node: ONNXNode) throws(ONNXError) -> Value {
        try node.checkInputs(2...2)
        try node.checkAttributes([])
        let (shape, scale) = try activation(node, 0)
        if node.operator == "Mul" {
            guard node.inputs[0] == node.inputs[1] else {
                throw node.refusal("two different inputs; Mul(x, x) is accepted")
            }
        } else {
            guard try constant(node, 1).singleReal == 2 else {
                throw node.refusal("an exponent other than the constant 2")
            }
        }
        let count = shape.reduce(1, *)
        return try append(.square(count: count), shape: shape, scale: scale * scale, node: node)
    }

    /// Rows and columns of an image, for a convolution that reads no others.
    private func slice(_ node: ONNXNode) throws(ONNXError) -> Value {
        let (shape, scale) = try activation(node, 0)
        let crop = try node.cropping(shape) { (index) throws(ONNXError) in
            try constant(node, index)
        }
        return .window(shape: shape, crop: crop, scale: scale, version: version)
    }

    private func reshape(_ node: ONNXNode) throws(ONNXError) -> Value {
        func shape(_ input: [Int]) throws(ONNXError) -> [Int] {
            switch node.operator {
            case "Flatten": return try node.flattenedShape(input)
            case "Reshape":
                try node.checkInputs(2...2)
                return try node.reshapedShape(input, target: try constant(node, 1))
            default:
                try node.checkInputs(1...1)
                try node.checkAttributes([])
                return input
            }
        }
        switch try value(node, 0) {
        case .realInput(let old, let clip):
            return .realInput(shape: try shape(old), clip: clip)
        case .codes(let old, let quantized): return .codes(shape: try shape(old), quantized)
        case .activation(let old, let scale, let version):
            return .activation(shape: try shape(old), scale: scale, version: version)
        case .innerCodes(let old, let codes):
            return .innerCodes(shape: try shape(old), codes)
        case .constant, .scaledConstant, .window, .accumulators, .truths:
            guard node.operator == "Identity" else {
                throw node.refusal(
                    "a constant or a Slice; constants belong into initializers of the right sizes")
            }
            return try value(node, 0)
        }
    }
}
