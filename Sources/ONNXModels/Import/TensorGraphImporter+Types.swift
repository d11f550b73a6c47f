// SPDX-License-Identifier: Apache-2.0

/// Operators that give truth values, or other types.
extension TensorGraphImporter {
    /// Comparisons: of constants anything, of activations orders.
    mutating func comparison(_ node: ONNXNode) throws(ONNXError) -> ImportedValue {
        try check(node, inputs: 2...2)
        let (a, b, shape) = try aligned(node, try value(node, 0), try value(node, 1))
        if case .constant(let first) = a, case .constant(let second) = b {
            return .constant(try compared(node, first, second, shape))
        }
        guard node.operator != "Equal" else { return try equality(node, a, b) }
        // a < b and b > a are one where b - a is above zero; the others are their opposites.
        let isLess = node.operator.hasPrefix("Less")
        let isOpposite = node.operator.hasSuffix("OrEqual")
        let (upper, lower) = isLess != isOpposite ? (b, a) : (a, b)
        let difference = try arithmetic(node, .subtract, upper, lower)
        var truth = try apply(node, .function(.step), [difference], shape: shape)
        if isOpposite { truth = try scaled(node, truth, by: -1, plus: 1) }
        guard case .activation(let index, _, _) = truth else { return truth }
        return .activation(index, shape: shape, kind: .index(.truths))
    }

    private mutating func equality(
        _ node: ONNXNode, _ a: ImportedValue, _ b: ImportedValue
    ) throws(ONNXError) -> ImportedValue {
        if let same = try sameName(node, a, b) { return same }
        if let same = try sameName(node, b, a) { return same }
        let (x, y) = (try number(node, a).value, try number(node, b).value)
        let result: ImportedValue
        if case .activation(let first, let shape, .real) = x,
            case .activation(let second, _, .real) = y
        {
            result = try append(node, .equal, [first, second], shape: shape)
        } else {
            result = try function(.isZero, of: try arithmetic(node, .subtract, x, y), node)
        }
        guard case .activation(let index, let shape, _) = result else { return result }
        return .activation(index, shape: shape, kind: .index(.truths))
    }

    /// Whether labels have a name, one constant string for all; nil of others.
    private mutating func sameName(
        _ node: ONNXNode, _ labels: ImportedValue, _ name: ImportedValue
    ) throws(ONNXError) -> ImportedValue? {
        guard case .constant(let constant) = name, case .strings(let strings) = constant.values
        else { return nil }
        guard let sought = strings.first, strings.allSatisfy({ $0 == sought }),
            case .activation(let index, let shape, .index(let indices)) = labels,
            let names = indices.names
        else { throw node.refusal("strings; a label and one name are accepted") }
        return try apply(
            node, .lookUp(names.map { $0 == sought ? 1 : 0 }),
            [.activation(index, shape: shape, kind: .real)], shape: shape, kind: .index(.truths))
    }

    private mutating func compared(
        _ node: ONNXNode, _ a: ImportedConstant, _ b: ImportedConstant, _ shape: [Int]
    ) throws(ONNXError) -> ImportedConstant {
        func truths<Element: Comparable>(_ a: [Element], _ b: [Element]) -> [Int64] {
            zip(a, b).map { x, y in
                let isTrue =
                    switch node.operator {
                    case "Equal": x == y
                    case "Less": x < y
                    case "LessOrEqual": x <= y
                    case "Greater": x > y
                    default: x >= y
                    }
                return isTrue ? 1 : 0
            }
        }
        let found: [Int64]
        switch (a.values, b.values) {
        case (.reals(let x), .reals(let y)): found = truths(x, y)
        case (.integers(let x), .integers(let y)): found = truths(x, y)
        case (.strings(let x), .strings(let y)): found = truths(x, y)
        default: throw node.refusal("constants of \(a.type) and of \(b.type)")
        }
        return ImportedConstant(shape: shape, type: .bool, values: .integers(found))
    }

    mutating func cast(_ node: ONNXNode) throws(ONNXError) -> ImportedValue {
        try check(node, inputs: 1...1, attributes: ["to", "saturate", "round_mode"])
        let code = try node.integer("to", default: 0)
        guard let type = Int32(exactly: code).flatMap(ONNXElementType.init) else {
            throw node.refusal(
                "to element type \(ONNXElementType.name(Int32(clamping: code))); reals of 16, 32 and 64 bits, bool and integers of 4 to 64 bits are accepted"
            )
        }
        switch try value(node, 0) {
        case .activation(let index, let shape, .index(let indices)):
            if type == .bool {
                return try truth(node, try number(node, value(node, 0)).value, indices)
            }
            try checkFits(node, indices, type)
            // Names that are no numbers can't be cast to any; those that are stay names.
            guard let names = indices.names, type != .string else {
                return .activation(
                    index, shape: shape, kind: type.isReal ? .real : .index(indices))
            }
            guard names.allSatisfy({ Int64($0) != nil || type.isReal && Double($0) != nil }) else {
                throw node.refusal("labels to \(type); those that are numbers are accepted")
            }
            return .activation(index, shape: shape, kind: .index(indices))
        case .activation(let index, let shape, .real):
            let value = ImportedValue.activation(index, shape: shape, kind: .real)
            switch type {
            case .bool: return try truth(node, value, .unknown)
            case .int32, .int64:
                return try whole(node, try function(.truncate, of: value, node), limit: nil)
            case _ where type.isReal: break
            default:
                throw node.refusal(
                    "an activation to \(type); reals, bool and integers of 32 and 64 bits are accepted"
                )
            }
            guard let rounding = type.rounding else { return value }
            return try apply(node, .function(rounding), [value], shape: shape)
        case .activation(_, _, .text):
            guard type == .string else {
                throw node.refusal("texts to \(type); encode them by a LabelEncoder")
            }
            return try value(node, 0)
        case .activation(_, _, .code):
            throw node.refusal("quantized values; DequantizeLinear takes them")
        case .constant(let constant): return .constant(try converted(node, constant, to: type))
        }
    }

    /// Whether numbers aren't zero, as a truth value.
    private mutating func truth(
        _ node: ONNXNode, _ value: ImportedValue, _ indices: ImportedValue.Indices
    ) throws(ONNXError) -> ImportedValue {
        var result = value
        if indices != .truths {
            result = try scaled(node, try function(.isZero, of: value, node), by: -1, plus: 1)
        }
        guard case .activation(let index, let shape, _) = result else { return result }
        return .activation(index, shape: shape, kind: .index(.truths))
    }

    /// Refuses integers that a type may not hold, which would wrap around.
    private func checkFits(
        _ node: ONNXNode, _ indices: ImportedValue.Indices, _ type: ONNXElementType
    ) throws(ONNXError) {
        let numbers = indices.names?.compactMap { Int64($0) } ?? []
        var limit = indices.limit
        if indices.names != nil { limit = numbers.map { Int(clamping: $0.magnitude) }.max() ?? 0 }
        let lowest = indices.names == nil && indices.count != nil ? 0 : numbers.min() ?? -1
        let range: ClosedRange<Int>
        switch type {
        case .uint32, .uint64: range = 0...1 << 32 - 1
        default:
            guard let found = type.quantizedRange else { return }
            range = found
        }
        guard let limit, limit <= range.upperBound, range.lowerBound < 0 || lowest >= 0 else {
            throw node.refusal("integers that may not fit \(type)")
        }
    }

    private func converted(
        _ node: ONNXNode, _ constant: ImportedConstant, to type: ONNXElementType
    ) throws(ONNXError) -> ImportedConstant {
        let values: ONNXTensor.Values
        switch constant.values {
        case .reals(let reals) where type.isReal:
            values = .reals(reals.map(type.rounded))
        case .integers(let integers) where type.isReal:
            values = .reals(
                integers.map { type.rounded(Double($0)) })
        case .reals(let reals) where type == .bool:
            values = .integers(reals.map { $0 == 0 ? 0 : 1 })
        case .integers(let integers) where type == .bool:
            values = .integers(integers.map { $0 == 0 ? 0 : 1 })
        case .reals(let reals):
            let integers = reals.compactMap { Int64(exactly: $0.rounded(.towardZero)) }
            guard integers.count == reals.count, type != .string else {
                throw node.refusal("constants to \(type) that don't fit")
            }
            values = .integers(integers)
        case .integers(let integers) where type != .string: values = .integers(integers)
        default: throw node.refusal("constants of \(constant.type) to \(type)")
        }
        if case .integers(let integers) = values, let range = type.quantizedRange {
            guard integers.allSatisfy({ Int64(range.lowerBound)...Int64(range.upperBound) ~= $0 })
            else { throw node.refusal("constants to \(type) that don't fit") }
        }
        return ImportedConstant(shape: constant.shape, type: type, values: values)
    }
}
