// SPDX-License-Identifier: Apache-2.0

import IntegerNetworks
import TensorGraphs

/// The one form that an operation of a client's program has in files: a name, integers and reals.
extension TensorOperation {
    struct Parts {
        var name: String
        var integers: [Int64] = []
        var reals: [Float] = []
    }

    /// Of an operation that clients do.
    var parts: Parts {
        func sizes(_ name: String, _ sizes: Int...) -> Parts {
            Parts(name: name, integers: sizes.map(Int64.init))
        }
        switch self {
        case .gather(let indices, let fill):
            return Parts(name: "gather", integers: indices.map(Int64.init), reals: [fill])
        case .scale(let factors, let terms): return Parts(name: "scale", reals: factors + terms)
        case .quotient(let divisors): return Parts(name: "quotient", reals: divisors)
        case .weightedSum(let starts, let indices, let weights):
            return Parts(
                name: "weightedSum", integers: Self.windows(starts, indices), reals: weights)
        case .maximum(let starts, let indices):
            return Parts(name: "maximum", integers: Self.windows(starts, indices))
        case .add: return sizes("add")
        case .subtract: return sizes("subtract")
        case .multiply: return sizes("multiply")
        case .divide: return sizes("divide")
        case .mask: return sizes("mask")
        case .equal: return sizes("equal")
        case .lookUp(let values): return Parts(name: "lookUp", reals: values)
        case .top(let outer, let count, let inner, let kept, let givesPlaces):
            return sizes("top", outer, count, inner, kept, givesPlaces ? 1 : 0)
        case .function(let function):
            return Parts(name: "function:" + function.name, reals: function.constants)
        case .impute(let missing, let values):
            return Parts(name: "impute", reals: [missing ?? .nan] + values)
        case .encode(let keys, let values, let otherwise):
            return Parts(name: "encode", reals: [otherwise] + keys + values)
        case .softmax(let outer, let count, let inner):
            return sizes("softmax", outer, count, inner)
        case .logSoftmax(let outer, let count, let inner):
            return sizes("logSoftmax", outer, count, inner)
        case .argMax(let outer, let count, let inner, let selectsLast):
            return sizes("argMax", outer, count, inner, selectsLast ? 1 : 0)
        case .normalize(let kind, let count): return sizes("normalize:" + kind.rawValue, count)
        case .vote(let classes): return sizes("vote", classes)
        case .matrix(let weights, let bias, let rows, let inner, let columns):
            return Parts(
                name: "matrix", integers: [rows, inner, columns].map(Int64.init),
                reals: weights.values + (bias ?? []))
        case .conditions(let conditions): return conditions.parts
        case .forest(let trees): return trees.parts
        case .convolution, .matrixProduct, .quantize, .dequantize:
            preconditionFailure("a step that no client does")
        }
    }

    private static func windows(_ starts: [Int], _ indices: [Int32]) -> [Int64] {
        [Int64(starts.count)] + starts.map(Int64.init) + indices.map(Int64.init)
    }

    /// nil for what no operation has.
    init?(name: String, _ integers: [Int64], _ reals: [Float]) {
        let limit = Int64(OutputProgram.maximumElements)
        guard integers.allSatisfy({ abs($0.clamped) <= limit }) else { return nil }
        let sizes = integers.map { Int($0) }
        let parts = name.split(separator: ":", omittingEmptySubsequences: false)
        let detail = parts.count == 2 ? String(parts[1]) : nil
        guard parts.count <= 2, let kind = parts.first else { return nil }
        switch (String(kind), detail, sizes.count, reals.count) {
        case ("gather", nil, _, 1):
            self = .gather(indices: sizes.map(Int32.init), fill: reals[0])
        case ("scale", nil, 0, _) where reals.count % 2 == 0:
            let half = reals.count / 2
            self = .scale(factors: Array(reals[..<half]), terms: Array(reals[half...]))
        case ("quotient", nil, 0, _): self = .quotient(divisors: reals)
        case ("weightedSum", nil, _, _):
            guard let (starts, indices) = Self.split(sizes) else { return nil }
            self = .weightedSum(starts: starts, indices: indices, weights: reals)
        case ("maximum", nil, _, 0):
            guard let (starts, indices) = Self.split(sizes) else { return nil }
            self = .maximum(starts: starts, indices: indices)
        case ("add", nil, 0, 0): self = .add
        case ("subtract", nil, 0, 0): self = .subtract
        case ("multiply", nil, 0, 0): self = .multiply
        case ("divide", nil, 0, 0): self = .divide
        case ("mask", nil, 0, 0): self = .mask
        case ("equal", nil, 0, 0): self = .equal
        case ("lookUp", nil, 0, _): self = .lookUp(reals)
        case ("top", nil, 5, 0) where (0...1).contains(sizes[4]):
            self = .top(
                outer: sizes[0], count: sizes[1], inner: sizes[2], kept: sizes[3],
                givesPlaces: sizes[4] == 1)
        case ("function", let detail?, 0, _):
            guard let function = ScalarFunction(name: detail, reals) else { return nil }
            self = .function(function)
        case ("impute", nil, 0, 1...):
            guard !reals[0].isNaN || reals[0].bitPattern == Float.nan.bitPattern else {
                return nil
            }
            self = .impute(
                missing: reals[0].isNaN ? nil : reals[0], values: Array(reals.dropFirst()))
        case ("encode", nil, 0, _) where reals.count % 2 == 1:
            let half = reals.count / 2
            self = .encode(
                keys: Array(reals[1...half]), values: Array(reals[(half + 1)...]),
                otherwise: reals[0])
        case ("softmax", nil, 3, 0):
            self = .softmax(outer: sizes[0], count: sizes[1], inner: sizes[2])
        case ("logSoftmax", nil, 3, 0):
            self = .logSoftmax(outer: sizes[0], count: sizes[1], inner: sizes[2])
        case ("argMax", nil, 4, 0) where (0...1).contains(sizes[3]):
            self = .argMax(
                outer: sizes[0], count: sizes[1], inner: sizes[2], selectsLast: sizes[3] == 1)
        case ("normalize", let detail?, 1, 0):
            guard let kind = Normalization(rawValue: detail) else { return nil }
            self = .normalize(kind, count: sizes[0])
        case ("matrix", nil, 3, _):
            let size = sizes[1].multipliedReportingOverflow(by: sizes[2])
            guard sizes.allSatisfy({ $0 > 0 }), !size.overflow, reals.count >= size.partialValue
            else { return nil }
            let (weights, bias) = (
                Array(reals[..<size.partialValue]), Array(reals[size.partialValue...])
            )
            self = .matrix(
                weights: TensorWeights(values: weights), bias: bias.isEmpty ? nil : bias,
                rows: sizes[0], inner: sizes[1], columns: sizes[2])
        case ("conditions", nil, 1..., _):
            guard let conditions = SplitConditions(sizes, reals) else { return nil }
            self = .conditions(conditions)
        case ("forest", nil, 3..., 0):
            guard let trees = Forest(sizes) else { return nil }
            self = .forest(trees)
        case ("vote", nil, 1, 0): self = .vote(classes: sizes[0])
        default: return nil
        }
    }

    private static func split(_ integers: [Int]) -> (starts: [Int], indices: [Int32])? {
        guard let count = integers.first, count >= 1, count < integers.count else { return nil }
        return (
            Array(integers[1...count]), integers[(count + 1)...].map { Int32($0) }
        )
    }
}

extension Int64 {
    /// So that its magnitude exists.
    fileprivate var clamped: Int64 { Swift.max(self, -.max) }
}

extension ScalarFunction {
    fileprivate static let named: [String: ScalarFunction] = [
        "relu": .relu, "sigmoid": .sigmoid, "tanh": .tanh, "gelu": .gelu, "geluTanh": .geluTanh,
        "softplus": .softplus, "silu": .silu, "hardSwish": .hardSwish, "erf": .erf,
        "exponential": .exponential, "logarithm": .logarithm, "squareRoot": .squareRoot,
        "absolute": .absolute, "negative": .negative, "reciprocal": .reciprocal, "step": .step,
        "sign": .sign, "round": .round, "floor": .floor, "ceiling": .ceiling, "truncate": .truncate,
        "isZero": .isZero, "isNaN": .isNaN, "isInfinite": .isInfinite, "probit": .probit,
        "sine": .sine, "cosine": .cosine, "tangent": .tangent, "arcSine": .arcSine,
        "arcCosine": .arcCosine, "arcTangent": .arcTangent, "hyperbolicSine": .hyperbolicSine,
        "hyperbolicCosine": .hyperbolicCosine, "areaSine": .areaSine, "areaCosine": .areaCosine,
        "areaTangent": .areaTangent, "half": .half, "brainFloat": .brainFloat,
    ]

    fileprivate var name: String {
        switch self {
        case .leakyRelu: "leakyRelu"
        case .elu: "elu"
        case .power: "power"
        case .hardSigmoid: "hardSigmoid"
        case .clip: "clip"
        default: Self.named.first { $0.value == self }!.key
        }
    }

    fileprivate init?(name: String, _ constants: [Float]) {
        switch (name, constants.count) {
        case ("leakyRelu", 1): self = .leakyRelu(constants[0])
        case ("elu", 1): self = .elu(constants[0])
        case ("power", 1): self = .power(constants[0])
        case ("hardSigmoid", 2): self = .hardSigmoid(alpha: constants[0], beta: constants[1])
        case ("clip", 2): self = .clip(constants[0], constants[1])
        case (_, 0):
            guard let found = Self.named[name] else { return nil }
            self = found
        default: return nil
        }
    }
}
