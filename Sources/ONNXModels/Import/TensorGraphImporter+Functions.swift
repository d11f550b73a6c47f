// SPDX-License-Identifier: Apache-2.0

import TensorGraphs

/// Functions of one real.
extension TensorGraphImporter {
    static let scalarFunctions = [
        "Abs", "Acos", "Acosh", "Asin", "Asinh", "Atan", "Atanh", "Ceil", "Clip", "Cos", "Cosh",
        "Elu",
        "Erf", "Exp", "Floor", "Gelu", "HardSigmoid", "HardSwish", "LeakyRelu", "Log", "Neg",
        "Reciprocal", "Relu", "Round", "Sigmoid", "Sign", "Sin", "Sinh", "Softplus", "Sqrt",
        "Swish", "Tan", "Tanh",
    ]

    /// The function of an operator, nil for operators that are none.
    func scalarFunction(_ node: ONNXNode) throws(ONNXError) -> ScalarFunction? {
        switch node.operator {
        case "Abs": return .absolute
        case "Acos": return .arcCosine
        case "Acosh": return .areaCosine
        case "Asin": return .arcSine
        case "Asinh": return .areaSine
        case "Atan": return .arcTangent
        case "Atanh": return .areaTangent
        case "Cos": return .cosine
        case "Cosh": return .hyperbolicCosine
        case "Sin": return .sine
        case "Sinh": return .hyperbolicSine
        case "Tan": return .tangent
        case "Ceil": return .ceiling
        case "Floor": return .floor
        case "Round": return .round
        case "Sign": return .sign
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
        case .activation(_, _, .index): return try wholeFunction(function, value, node)
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

    /// Of labels and other whole numbers, those that give such again.
    private mutating func wholeFunction(
        _ function: ScalarFunction, _ value: ImportedValue, _ node: ONNXNode
    ) throws(ONNXError) -> ImportedValue {
        switch function {
        case .negative, .absolute, .sign, .relu:
            let found = try renamed(node, value, as: []) { number in
                switch function {
                case .negative: number == .min ? nil : -number
                case .absolute: number == .min ? nil : abs(number)
                case .sign: number.signum()
                default: max(number, 0)
                }
            }
            if let found { return found }
        case .clip: break
        default:
            throw node.refusal("integers, which are no reals before a Cast or DequantizeLinear")
        }
        let number = try number(node, value)
        let result = try self.function(function, of: number.value, node)
        guard number.isWhole, function.constants.allSatisfy({ $0 == $0.rounded() }) else {
            return result
        }
        let bounds = function.constants.filter(\.isFinite).map { Int(min(abs($0), 0x1p30)) }
        return try whole(node, result, limit: number.limit.map { max($0, bounds.max() ?? 0) })
    }

    /// IsNaN and IsInf.
    mutating func classified(_ node: ONNXNode) throws(ONNXError) -> ImportedValue {
        try check(node, inputs: 1...1, attributes: ["detect_negative", "detect_positive"])
        let value = try real(node, 0)
        guard case .activation = value else { throw node.refusal("a constant") }
        var truth = try function(node.operator == "IsNaN" ? .isNaN : .isInfinite, of: value, node)
        let negative = try flag(node, "detect_negative", default: true)
        let positive = try flag(node, "detect_positive", default: true)
        if !negative || !positive {
            let sign = try function(
                .step, of: positive ? value : try scaled(node, value, by: -1), node)
            truth =
                negative || positive
                ? try arithmetic(node, .multiply, truth, sign) : try scaled(node, truth, by: 0)
        }
        guard case .activation(let index, let shape, _) = truth else { return truth }
        return .activation(index, shape: shape, kind: .index(.truths))
    }

    /// Of constant integers, for the arithmetic of shapes.
    private func integerFunction(
        _ function: ScalarFunction, _ constant: ImportedConstant, _ node: ONNXNode
    ) throws(ONNXError) -> ImportedConstant {
        func bound(_ index: Int, _ absent: Int64) throws(ONNXError) -> Int64 {
            guard node.input(index) != nil else { return absent }
            guard let bounds = try self.constant(node, index).integers, bounds.count == 1 else {
                throw node.refusal("bounds must be single constants of the input's type")
            }
            return bounds[0]
        }
        guard let integers = constant.integers, !integers.contains(.min) else {
            throw node.refusal("constants of \(constant.type); reals are accepted")
        }
        let results: [Int64]
        switch function {
        case .negative: results = integers.map { -$0 }
        case .absolute: results = integers.map { abs($0) }
        case .sign: results = integers.map { $0.signum() }
        case .relu: results = integers.map { max($0, 0) }
        case .clip:
            let (low, high) = (try bound(1, .min), try bound(2, .max))
            results = integers.map { min(max($0, low), high) }
        default: throw node.refusal("constants of \(constant.type); reals are accepted")
        }
        return try fitting(
            node,
            ImportedConstant(
                shape: constant.shape, type: constant.type, values: .integers(results)))
    }
}
