// SPDX-License-Identifier: Apache-2.0

import IntegerNetworks

/// What a comparison of accumulators with constants says, before a Cast or a Where makes numbers of it.
struct Comparison {
    enum Relation: String {
        case greater = "Greater"
        case greaterOrEqual = "GreaterOrEqual"
        case less = "Less"
        case lessOrEqual = "LessOrEqual"
        case equal = "Equal"

        /// Of exchanged operands.
        var mirrored: Relation {
            switch self {
            case .greater: .less
            case .greaterOrEqual: .lessOrEqual
            case .less: .greater
            case .lessOrEqual: .greaterOrEqual
            case .equal: .equal
            }
        }

        func holds(_ a: Float, _ b: Float) -> Bool {
            switch self {
            case .greater: a > b
            case .greaterOrEqual: a >= b
            case .less: a < b
            case .lessOrEqual: a <= b
            case .equal: a == b
            }
        }
    }

    let accumulators: Accumulators
    let relation: Relation
    /// One, or one of each channel.
    let constants: [Float]
    var isNegated = false

    /// nil where the accumulator stands for no number.
    func holds(_ accumulator: Int64, place: Int) -> Bool? {
        let constant = constants.count == 1 ? constants[0] : constants[place]
        let real = accumulators.real(accumulator, place: place)
        return real.isNaN ? nil : relation.holds(real, constant) != isNegated
    }
}

/// Comparisons with constants, signs, and the label at the end.
extension Lowering {
    static let comparisons = ["Greater", "GreaterOrEqual", "Less", "LessOrEqual", "Equal"]

    func comparison(_ node: ONNXNode) throws(ONNXError) -> Value {
        try node.checkInputs(2...2)
        try node.checkAttributes([])
        var relation = Comparison.Relation(rawValue: node.operator)!
        var place = 0
        if case .constant = try value(node, 0) {
            relation = relation.mirrored
            place = 1
        }
        let found = try comparable(node, place)
        let constants = try constants(node, 1 - place, of: found.shape)
        return .truths(
            Comparison(
                accumulators: constants.count == 1 ? found : found.byChannel, relation: relation,
                constants: constants))
    }

    func not(_ node: ONNXNode) throws(ONNXError) -> Value {
        var found = try truths(node, 0)
        found.isNegated.toggle()
        return .truths(found)
    }

    /// Of truths: 0 and 1.
    mutating func cast(_ node: ONNXNode) throws(ONNXError) -> Value {
        try node.checkInputs(1...1)
        try node.checkAttributes(["to", "saturate"])
        let found = try truths(node, 0)
        return try tabulate(node, found.accumulators, scale: 1) {
            found.holds($0, place: $1).map { $0 ? 1 : 0 }
        }
    }

    /// One of two constants.
    mutating func choice(_ node: ONNXNode) throws(ONNXError) -> Value {
        try node.checkInputs(3...3)
        try node.checkAttributes([])
        let found = try truths(node, 0)
        var values: [Float] = []
        for index in [1, 2] {
            guard let value = try constant(node, index).singleFloat, value.isFinite else {
                throw node.refusal("it chooses between others than two constant floats")
            }
            values.append(value)
        }
        guard let (integers, scale) = Self.commonUnit(values[0], values[1]) else {
            throw node.refusal(
                "\(values[0]) and \(values[1]) are no small multiples of one number; such as 1 and -1 are accepted"
            )
        }
        return try tabulate(node, found.accumulators, scale: scale) {
            found.holds($0, place: $1).map { integers[$0 ? 0 : 1] }
        }
    }

    mutating func sign(_ node: ONNXNode) throws(ONNXError) -> Value {
        try node.checkInputs(1...1)
        try node.checkAttributes([])
        let found = try comparable(node, 0)
        return try tabulate(node, found, scale: 1) {
            let real = found.real($0, place: $1)
            return real.isNaN ? nil : real > 0 ? 1 : real < 0 ? -1 : 0
        }
    }

    /// The label at the end: the decision by the largest score, the first of equals, which a network's is.
    func label(_ node: ONNXNode) throws(ONNXError) -> Value {
        try node.checkInputs(1...1)
        try node.checkAttributes(["axis", "keepdims", "select_last_index"])
        let (shape, scale) = try activation(node, 0)
        guard node.outputs.first == graph.outputName else {
            throw node.refusal("an ArgMax that something reads; at the end it is accepted")
        }
        let axis = try node.integer("axis", default: 0)
        guard shape.count == 1, axis == 1 || axis == -1 else {
            throw node.refusal(
                "it is not of a sample's scores; those of the last axis are accepted")
        }
        guard try node.integer("select_last_index", default: 0) == 0 else {
            throw node.refusal("it takes the last of equal scores; the first is accepted")
        }
        return .activation(shape: shape, scale: scale, version: version)
    }

    private func truths(_ node: ONNXNode, _ index: Int) throws(ONNXError) -> Comparison {
        guard case .truths(let found) = try value(node, index) else {
            throw node.refusal("it reads no comparison of an accumulator with a constant")
        }
        return found
    }

    private func comparable(_ node: ONNXNode, _ index: Int) throws(ONNXError) -> Accumulators {
        guard let found = accumulators(try value(node, index)) else {
            throw node.refusal("it reads what no Conv, Gemm or MatMul made")
        }
        guard found.scales.allSatisfy({ Float($0).isNormal }) else {
            throw node.refusal("it compares values whose scale no float has")
        }
        return found
    }

    /// One float, or one a channel.
    private func constants(
        _ node: ONNXNode, _ index: Int, of shape: [Int]
    ) throws(ONNXError) -> [Float] {
        let tensor = try constant(node, index)
        guard tensor.type == .float, let reals = tensor.reals, !reals.contains(where: \.isNaN)
        else {
            throw node.refusal("it compares with others than constant floats")
        }
        // Aligned at the last axis: the channels of an image have two sizes of 1 behind theirs.
        let sizes = [shape[0]] + [Int](repeating: 1, count: shape.count - 1)
        let given = tensor.dims.drop { $0 == 1 }
        guard reals.count == 1 || Array(given) == sizes else {
            throw node.refusal(
                "constants of sizes \(tensor.dims) beside values of \(shape); one, or one a channel, is accepted"
            )
        }
        return reals.map { Float($0) }
    }

    /// A table's values in units of `scale`.
    private mutating func tabulate(
        _ node: ONNXNode, _ found: Accumulators, scale: Double,
        _ value: (_ accumulator: Int64, _ place: Int) -> Int64?
    ) throws(ONNXError) -> Value {
        try appendTables(node, found, ranges: ranges(node, of: found), values: value)
        return .activation(shape: found.shape, scale: scale, version: version)
    }

    /// Two floats as integers of up to 15 bits, and their unit; floats are multiples of powers of two, so that this is
    /// exact.
    static func commonUnit(_ a: Float, _ b: Float) -> (integers: [Int64], unit: Double)? {
        let values = [a, b].filter { $0 != 0 }
        guard let exponent = values.map({ Int($0.ulp.exponent) }).min() else { return ([0, 0], 1) }
        let unit = Double(sign: .plus, exponent: exponent, significand: 1)
        let counts = [a, b].map { Double($0) / unit }
        guard counts.allSatisfy({ $0.magnitude < 0x1p60 }) else { return nil }
        var (divisor, rest) = (Int64(counts[0]).magnitude, Int64(counts[1]).magnitude)
        while rest != 0 { (divisor, rest) = (rest, divisor % rest) }
        let integers = counts.map { Int64($0) / Int64(divisor) }
        guard integers.allSatisfy({ $0.magnitude < 1 << 15 }) else { return nil }
        return (integers, Double(divisor) * unit)
    }
}
