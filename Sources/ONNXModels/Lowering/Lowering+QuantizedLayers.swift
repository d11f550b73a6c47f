// SPDX-License-Identifier: Apache-2.0

/// Layers from codes to codes (QOperator models), each as the nodes that it stands for: DequantizeLinear of input and
/// weights, the layer, QuantizeLinear. `Accumulators.code` rounds as these operators do.
extension Lowering {
    static let quantizedLayers = ["QLinearConv", "QLinearMatMul", "com.microsoft.QGemm"]

    /// Inputs: codes, scale and zero point of the activation, then of the weights; a bias of a Conv last and of a Gemm
    /// before the scale and the zero point of the output, which a Gemm may lack.
    mutating func quantizedLayer(_ node: ONNXNode) throws(ONNXError) -> Value {
        let bias: Int?
        let grid: Int
        let layer: String
        switch node.operator {
        case "QLinearConv":
            try node.checkInputs(8...9)
            (layer, bias, grid) = ("Conv", 8, 6)
        case "QLinearMatMul":
            try node.checkInputs(8...8)
            (layer, bias, grid) = ("MatMul", nil, 6)
        default:
            try node.checkInputs(6...9)
            (layer, bias, grid) = ("Gemm", 6, 7)
        }
        let isTransposed = layer == "Gemm" ? try node.gemmTransposesWeights() : false
        let axis: Int64 = layer == "Conv" || isTransposed ? 0 : 1
        let prefix = unusedPrefix(node)
        let names = ["input", "weights", "bias", "output"].map { prefix + $0 }
        defer { for name in names { values[name] = nil } }
        for (operand, axis) in [Int64(0), axis].enumerated() {
            values[names[operand]] = try dequantize(
                ONNXNode(
                    name: node.name, operator: "DequantizeLinear",
                    inputs: (3 * operand..<3 * operand + 3).map { node.input($0) ?? "" },
                    outputs: [names[operand]], attributes: ["axis": .integer(axis)]))
        }
        var inputs = Array(names[..<2])
        if let bias, node.input(bias) != nil {
            values[names[2]] = try self.bias(node, bias, ofInput: names[0], weights: names[1])
            inputs.append(names[2])
        }
        let product = ONNXNode(
            name: node.name, operator: layer, inputs: inputs, outputs: [names[3]],
            attributes: node.attributes)
        switch layer {
        case "Conv": values[names[3]] = try convolution(product)
        case "MatMul": values[names[3]] = try matrixProduct(product)
        default: values[names[3]] = try gemm(product)
        }
        guard node.input(grid) != nil else { return values[names[3]]! }
        return try quantize(
            ONNXNode(
                name: node.name, operator: "QuantizeLinear",
                inputs: [names[3]] + (grid...grid + 1).map { node.input($0) ?? "" },
                outputs: node.outputs, attributes: [:]))
    }

    /// Integers in units of the accumulator: the scale of the input times that of the weights.
    private func bias(
        _ node: ONNXNode, _ index: Int, ofInput input: String, weights: String
    ) throws(ONNXError) -> Value {
        let tensor = try constant(node, index)
        guard tensor.type == .int32, let integers = tensor.integers,
            case .activation(_, let scale, _)? = values[input],
            case .scaledConstant(_, _, let scales, _)? = values[weights]
        else {
            throw node.refusal(
                "the bias '\(tensor.name)' or the weights; int32 and constants are accepted")
        }
        return .scaledConstant(
            integers: integers, dims: tensor.dims, scales: scales.map { scale * $0 }, axis: 0)
    }

    /// No value's name begins so.
    private func unusedPrefix(_ node: ONNXNode) -> String {
        var prefix = node.name + "."
        while values.keys.contains(where: { $0.hasPrefix(prefix) }) { prefix += "." }
        return prefix
    }
}
