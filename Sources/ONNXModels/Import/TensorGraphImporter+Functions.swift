// SPDX-License-Identifier: Apache-2.0

import TensorGraphs

/// Functions of one real.
extension TensorGraphImporter {
    static let scalarFunctions = [
        "Abs", "Clip", "Elu", "Erf", "Exp", "Gelu", "HardSigmoid", "HardSwish", "LeakyRelu", "Log",
        "Neg", "Reciprocal", "Relu", "Sigmoid", "Softplus", "Sqrt", "Swish", "Tanh",
    ]

    /// The function of an operator, nil for operators that are none.
    func scalarFunction(_ node: ONNXNode) throws(ONNXError) -> ScalarFunction? {
        switch node.operator {
        case "Abs": return .absolute
        case "Erf": return .erf
        case "Exp": return .exponential
        case "HardSwish": return .hardSwish
        case "Log": return .logarithm
        case "Neg": return .negative
        case "Reciprocal": return .reciprocal
        case "Relu": return .relu
        case "Sigmoid": return .sigmoid
        case "Softplus": return .softplus
        case "Sqrt": return .squareRoot
        case "Tanh": return .tanh
        case "Swish": return .silu
        case "Elu": return .elu(try node.float("alpha", default: 1))
        case "LeakyRelu": return .leakyRelu(try node.float("alpha", default: 0.01))
        case "HardSigmoid":
            return .hardSigmoid(
                alpha: try node.float("alpha", default: 0.2),
                beta: try node.float("beta", default: 0.5))
        case "Gelu":
            switch try node.string("approximate", default: "none") {
            case "none": return .gelu
            case "tanh": return .geluTanh
            case let other: throw node.refusal("'\(other)'; none and tanh are accepted")
            }
        case "Clip":
            func bound(_ index: Int, _ absent: Float) throws(ONNXError) -> Float {
                guard node.input(index) != nil else { return absent }
                guard let bound = try constant(node, index).single, !bound.isNaN else {
                    throw node.refusal("bounds must be single constants")
                }
                return Float(bound)
            }
            return .clip(try bound(1, -.infinity), try bound(2, .infinity))
        default: return nil
        }
    }

    mutating func apply(
        _ function: ScalarFunction, _ node: ONNXNode
    ) throws(ONNXError) -> ImportedValue {
        let known: [String: Set<String>] = [
            "Elu": ["alpha"], "LeakyRelu": ["alpha"], "HardSigmoid": ["alpha", "beta"],
            "Gelu": ["approximate"], "Swish": ["alpha"],
        ]
        try check(
            node, inputs: node.operator == "Clip" ? 1...3 : 1...1,
            attributes: known[node.operator] ?? [])
        let value = try value(node, 0)
        switch value {
        case .activation(_, let shape, .code) where node.operator == "Clip":
            return try apply(node, .function(function), [value], shape: shape, kind: .code)
        case .constant(let constant) where constant.integers != nil:
            return .constant(try integerFunction(function, constant, node))
        default: break
        }
        let input = try real(node, 0)
        // x sigmoid(a x) is silu(a x) / a.
        let slope = node.operator == "Swish" ? try node.float("alpha", default: 1) : 1
        guard slope != 0, slope.isFinite else { throw node.refusal("alpha is \(slope)") }
        let result = try apply(
            node, .function(function), [try scaled(node, input, by: slope)], shape: input.shape)
        return try scaled(node, result, by: 1 / slope)
    }

    /// Of constant integers, for the arithmetic of shapes.
    private func integerFunction(
        _ function: ScalarFunction, _ constant: ImportedConstant, _ node: ONNXNode
    ) throws(ONNXError) -> ImportedConstant {
        guard let integers = constant.integers, function == .negative || function == .absolute,
            integers.allSatisfy({ $0 != .min })
        else { throw node.refusal("constants of \(constant.type); reals are accepted") }
        let results = integers.map { function == .negative ? -$0 : abs($0) }
        return ImportedConstant(
            shape: constant.shape, type: constant.type, values: .integers(results))
    }
}
