// SPDX-License-Identifier: Apache-2.0

import TensorGraphs

/// Operators of two tensors, element by element, broadcast to one shape.
extension TensorGraphImporter {
    enum Arithmetic {
        case add, subtract, multiply, divide
        /// Of constants, and of labels.
        case maximum, minimum

        func callAsFunction(_ a: Double, _ b: Double) -> Double {
            switch self {
            case .add: a + b
            case .subtract: a - b
            case .multiply: a * b
            case .divide: a / b
            case .maximum: max(a, b)
            case .minimum: min(a, b)
            }
        }

        /// Nil where it overflows or divides by zero.
        func callAsFunction(_ a: Int64, _ b: Int64) -> Int64? {
            let result =
                switch self {
                case .add: a.addingReportingOverflow(b)
                case .subtract: a.subtractingReportingOverflow(b)
                case .multiply: a.multipliedReportingOverflow(by: b)
                case .divide: a.dividedReportingOverflow(by: b)
                case .maximum: (partialValue: max(a, b), overflow: false)
                case .minimum: (partialValue: min(a, b), overflow: false)
                }
            return result.overflow ? nil : result.partialValue
        }

        var operation: TensorOperation? {
            switch self {
            case .add: .add
            case .subtract: .subtract
            case .multiply: .multiply
            case .divide: .divide
            case .maximum, .minimum: nil
            }
        }
    }

    mutating func arithmetic(
        _ node: ONNXNode, _ kind: Arithmetic
    ) throws(ONNXError) -> ImportedValue {
        try check(node, inputs: 2...2)
        return try arithmetic(node, kind, try value(node, 0), try value(node, 1))
    }

    /// Sum or Mean of any number of tensors.
    mutating func sum(_ node: ONNXNode) throws(ONNXError) -> ImportedValue {
        try check(node, inputs: 1...1024)
        var sum = try number(node, try value(node, 0)).value
        for index in node.inputs.indices.dropFirst() {
            sum = try arithmetic(node, .add, sum, try number(node, try value(node, index)).value)
        }
        guard node.operator == "Mean" else { return sum }
        return try scaled(node, sum, by: 1 / Float(node.inputs.count))
    }

    mutating func arithmetic(
        _ node: ONNXNode, _ kind: Arithmetic, _ a: ImportedValue, _ b: ImportedValue
    ) throws(ONNXError) -> ImportedValue {
        if a.isWhole || b.isWhole { return try wholeArithmetic(node, kind, a, b) }
        let (a, b, shape) = try aligned(node, a, b)
        switch (a, b) {
        case (.constant(let first), .constant(let second)):
            return .constant(try folded(node, kind, first, second, shape))
        case (.activation(_, _, .real), .constant(let constant)):
            guard let reals = constant.reals else { break }
            return try combined(node, kind, a, reals.map { Float($0) }, shape)
        case (.constant(let constant), .activation(_, _, .real)):
            guard let reals = constant.reals else { break }
            return try combined(node, kind, reals.map { Float($0) }, b, shape)
        case (.activation(let first, _, .real), .activation(let second, _, .real)):
            guard let operation = kind.operation else { break }
            return try append(node, operation, [first, second], shape: shape)
        default: break
        }
        throw node.refusal("an activation of integers, or with integers; reals are accepted")
    }

    /// Both, broadcast to one shape.
    mutating func aligned(
        _ node: ONNXNode, _ a: ImportedValue, _ b: ImportedValue
    ) throws(ONNXError) -> (ImportedValue, ImportedValue, [Int]) {
        guard let shape = IndexLists.broadcast(a.shape, b.shape) else {
            throw node.refusal("sizes \(a.shape) and \(b.shape)")
        }
        return (
            try broadcast(node, a, to: shape), try broadcast(node, b, to: shape), shape
        )
    }

    private mutating func folded(
        _ node: ONNXNode, _ kind: Arithmetic, _ a: ImportedConstant, _ b: ImportedConstant,
        _ shape: [Int]
    ) throws(ONNXError) -> ImportedConstant {
        _ = try count(shape, node)
        guard a.type == b.type else {
            throw node.refusal("constants of \(a.type) and of \(b.type)")
        }
        if let first = a.reals, let second = b.reals {
            // As the type rounds.
            let reals = zip(first, second).map { x, y in
                a.type.rounded(kind(x, y))
            }
            return ImportedConstant(shape: shape, type: a.type, values: .reals(reals))
        }
        guard let first = a.integers, let second = b.integers else {
            throw node.refusal("constants of \(a.type)")
        }
        var integers: [Int64] = []
        for (x, y) in zip(first, second) {
            guard let value = kind(x, y) else {
                throw node.refusal("\(x) and \(y) overflow 64 bits or divide by zero")
            }
            integers.append(value)
        }
        return try fitting(
            node, ImportedConstant(shape: shape, type: a.type, values: .integers(integers)))
    }

    /// Activation with constant, both of one shape.
    private mutating func combined(
        _ node: ONNXNode, _ kind: Arithmetic, _ a: ImportedValue, _ b: [Float], _ shape: [Int]
    ) throws(ONNXError) -> ImportedValue {
        let ones = [Float](repeating: 1, count: b.count)
        let zeros = [Float](repeating: 0, count: b.count)
        switch kind {
        case .add: return try scaled(node, a, factors: ones, terms: b, shape)
        case .subtract: return try scaled(node, a, factors: ones, terms: b.map { -$0 }, shape)
        case .multiply: return try scaled(node, a, factors: b, terms: zeros, shape)
        case .divide:
            // Of powers of two the inverse is exact.
            guard b.contains(where: { $0.isFinite && $0.significand != 1 }),
                !b.contains(where: { !$0.isFinite || $0 == 0 })
            else { return try scaled(node, a, factors: b.map { 1 / $0 }, terms: zeros, shape) }
            try charge(b.count, node)
            return try apply(node, .quotient(divisors: b), [a], shape: shape)
        case .maximum, .minimum: throw node.refusal("the extremum of an activation")
        }
    }

    /// Constant with activation, both of one shape.
    private mutating func combined(
        _ node: ONNXNode, _ kind: Arithmetic, _ a: [Float], _ b: ImportedValue, _ shape: [Int]
    ) throws(ONNXError) -> ImportedValue {
        switch kind {
        case .add, .multiply, .maximum, .minimum: return try combined(node, kind, b, a, shape)
        case .subtract:
            let minus = [Float](repeating: -1, count: a.count)
            return try scaled(node, b, factors: minus, terms: a, shape)
        case .divide:
            let inverse = try apply(node, .function(.reciprocal), [b], shape: shape)
            return try combined(node, .multiply, inverse, a, shape)
        }
    }

    mutating func scaled(
        _ node: ONNXNode, _ value: ImportedValue, factors: [Float], terms: [Float], _ shape: [Int]
    ) throws(ONNXError) -> ImportedValue {
        try charge(factors.count, times: 2, node)
        return try apply(node, .scale(factors: factors, terms: terms), [value], shape: shape)
    }

    /// All elements times a factor, plus a term.
    mutating func scaled(
        _ node: ONNXNode, _ value: ImportedValue, by factor: Float, plus term: Float = 0
    ) throws(ONNXError) -> ImportedValue {
        if factor == 1, term == 0 { return value }
        let count = value.count
        return try scaled(
            node, value, factors: Array(repeating: factor, count: count),
            terms: Array(repeating: term, count: count), value.shape)
    }

    mutating func power(_ node: ONNXNode) throws(ONNXError) -> ImportedValue {
        try check(node, inputs: 2...2)
        var base = try value(node, 0)
        if case .constant(let constant) = base, case .activation = try value(node, 1) {
            return try exponential(node, of: constant)
        }
        let exponents = try constant(node, 1)
        guard let shape = IndexLists.broadcast(base.shape, exponents.shape) else {
            throw node.refusal("sizes \(base.shape) and \(exponents.shape)")
        }
        if case .constant(let constant) = base {
            return .constant(try power(node, constant, exponents))
        }
        let values = exponents.reals ?? exponents.integers?.map { Double($0) } ?? []
        base = try broadcast(node, try real(node, 0), to: shape)
        guard let exponent = values.first, values.allSatisfy({ $0 == exponent }) else {
            return try powers(node, of: base, exponents, shape: shape)
        }
        switch exponent {
        case 1: return base
        case 2: return try apply(node, .multiply, [base, base], shape: shape)
        default: return try apply(node, .function(.power(Float(exponent))), [base], shape: shape)
        }
    }

    /// Of a constant base: b^x = exp(x ln b).
    private mutating func exponential(
        _ node: ONNXNode, of base: ImportedConstant
    ) throws(ONNXError) -> ImportedValue {
        let exponents = try real(node, 1)
        guard let shape = IndexLists.broadcast(base.shape, exponents.shape),
            case .constant(let bases) = try broadcast(node, .constant(base), to: shape),
            let reals = bases.reals, reals.allSatisfy({ $0 > 0 && $0.isFinite })
        else { throw node.refusal("a base that is not of positive reals") }
        try charge(reals.count, times: 2, node)
        let scaled = try apply(
            node,
            .scale(
                factors: reals.map { Float(ScalarFunction.logarithm($0)) },
                terms: [Float](repeating: 0, count: reals.count)),
            [try broadcast(node, exponents, to: shape)], shape: shape)
        return try apply(node, .function(.exponential), [scaled], shape: shape)
    }

    /// Of exponents that differ from element to element: a function each, of the elements that have it.
    private mutating func powers(
        _ node: ONNXNode, of base: ImportedValue, _ exponents: ImportedConstant, shape: [Int]
    ) throws(ONNXError) -> ImportedValue {
        guard
            case .constant(let all) = try broadcast(
                node, .constant(exponents), to: shape),
            let reals = all.reals ?? all.integers?.map({ Double($0) })
        else { throw node.refusal("exponents that are no numbers") }
        let different = Set(reals).sorted()
        guard different.count <= Self.maximumExponents else {
            throw node.refusal(
                "\(different.count) different exponents; \(Self.maximumExponents) are accepted")
        }
        try charge(reals.count, times: 2, node)
        var places = [Int32](repeating: 0, count: reals.count)
        var parts: [ImportedValue] = []
        var start: Int32 = 0
        for exponent in different {
            let members = reals.indices.filter { reals[$0] == exponent }
            for (index, member) in members.enumerated() { places[member] = start + Int32(index) }
            start += Int32(members.count)
            let chosen = try apply(
                node, .gather(indices: members.map { Int32($0) }, fill: 0), [base],
                shape: [members.count])
            parts.append(
                try apply(
                    node, .function(.power(Float(exponent))), [chosen], shape: [members.count]))
        }
        return try apply(node, .gather(indices: places, fill: 0), parts, shape: shape)
    }

    private static let maximumExponents = 1024

    private mutating func power(
        _ node: ONNXNode, _ base: ImportedConstant, _ exponents: ImportedConstant
    ) throws(ONNXError) -> ImportedConstant {
        let (a, b, shape) = try aligned(node, .constant(base), .constant(exponents))
        guard case .constant(let first) = a, case .constant(let second) = b else { return base }
        let x = first.reals ?? first.integers?.map { Double($0) } ?? []
        let y = second.reals ?? second.integers?.map { Double($0) } ?? []
        guard x.count == y.count else { throw node.refusal("constants of strings") }
        let powers = zip(x, y).map { ScalarFunction.power(Float($1))($0) }
        guard base.reals == nil else {
            return ImportedConstant(shape: shape, type: base.type, values: .reals(powers))
        }
        let integers = powers.compactMap { Int64(exactly: $0.rounded(.towardZero)) }
        guard integers.count == powers.count else { throw node.refusal("integers of 64 bits") }
        return ImportedConstant(shape: shape, type: base.type, values: .integers(integers))
    }
}
