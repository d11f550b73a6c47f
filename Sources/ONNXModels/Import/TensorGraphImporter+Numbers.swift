// SPDX-License-Identifier: Apache-2.0

import TensorGraphs

/// Whole numbers as numbers: labels that are calculated with. Float has every one below 2^24.
extension TensorGraphImporter {
    /// A value as reals.
    struct Number {
        var value: ImportedValue
        let isWhole: Bool
        /// What the size of none exceeds; nil: unknown.
        let limit: Int?
    }

    private static let largest = 1 << 24
    /// Labels of which each gets a result of its own.
    private static let mostNames = 4096

    /// What labels stand for, constants of integers among reals; reals as they are.
    mutating func number(_ node: ONNXNode, _ value: ImportedValue) throws(ONNXError) -> Number {
        switch value {
        case .constant(let constant):
            if constant.reals != nil { return Number(value: value, isWhole: false, limit: nil) }
            guard let integers = constant.integers,
                integers.allSatisfy({ abs(Double($0)) < Double(Self.largest) })
            else {
                throw node.refusal(
                    "a constant of \(constant.type) beside activations; reals and integers below 2^24 are accepted"
                )
            }
            return Number(
                value: .constant(
                    ImportedConstant(floats: integers.map { Float($0) }, shape: constant.shape)),
                isWhole: true, limit: integers.map { Int(abs($0)) }.max() ?? 0)
        case .activation(let index, let shape, .index(let indices)):
            let plain = ImportedValue.activation(index, shape: shape, kind: .real)
            guard let names = indices.names else {
                return Number(value: plain, isWhole: true, limit: indices.limit)
            }
            let reals = names.compactMap(Double.init)
            guard reals.count == names.count, reals.allSatisfy(\.isFinite) else {
                throw node.refusal("labels that are no numbers")
            }
            let isWhole = reals.allSatisfy { $0 == $0.rounded() }
            let limit = reals.map(abs).max() ?? 0
            guard !isWhole || limit < Double(Self.largest) else {
                throw node.refusal("labels of 2^24 and more")
            }
            try charge(reals.count, node)
            return Number(
                value: try apply(
                    node, .lookUp(reals.map { Float($0) }), [plain], shape: shape),
                isWhole: isWhole, limit: isWhole ? Int(limit) : nil)
        case .activation(_, _, .text): throw node.refusal("texts, which are no numbers")
        case .activation: return Number(value: value, isWhole: false, limit: nil)
        }
    }

    /// Reals that are whole numbers.
    func whole(
        _ node: ONNXNode, _ value: ImportedValue, limit: Int?
    ) throws(ONNXError) -> ImportedValue {
        guard limit ?? 0 < Self.largest else {
            throw node.refusal("whole numbers that may be 2^24 and more")
        }
        guard case .activation(let index, let shape, _) = value else { return value }
        return .activation(
            index, shape: shape, kind: .index(ImportedValue.Indices(magnitude: limit)))
    }

    /// Of which one at least is of whole numbers; of both, so is the result.
    mutating func wholeArithmetic(
        _ node: ONNXNode, _ kind: Arithmetic, _ a: ImportedValue, _ b: ImportedValue
    ) throws(ONNXError) -> ImportedValue {
        if let renamed = try renamed(node, kind, a, b) { return renamed }
        let (x, y) = (try number(node, a), try number(node, b))
        guard x.isWhole, y.isWhole else { return try arithmetic(node, kind, x.value, y.value) }
        if kind == .divide {
            return try whole(node, try quotient(node, x.value, y.value), limit: x.limit)
        }
        let result =
            kind == .maximum || kind == .minimum
            ? try extremum(node, x.value, y.value, isMaximum: kind == .maximum)
            : try arithmetic(node, kind, x.value, y.value)
        guard let first = x.limit, let second = y.limit else {
            return try whole(node, result, limit: nil)
        }
        let limit =
            switch kind {
            case .multiply: first * second
            case .maximum, .minimum: max(first, second)
            default: first + second
            }
        return try whole(node, result, limit: limit)
    }

    /// Of few labels and one constant each label has its own result: another list of names, and nothing to calculate.
    private mutating func renamed(
        _ node: ONNXNode, _ kind: Arithmetic, _ a: ImportedValue, _ b: ImportedValue
    ) throws(ONNXError) -> ImportedValue? {
        switch (a, b) {
        case (.activation, .constant(let constant)):
            guard constant.count == 1, let other = constant.integers?[0] else { return nil }
            return try renamed(node, a, as: b.shape) { kind($0, other) }
        case (.constant(let constant), .activation):
            guard constant.count == 1, let other = constant.integers?[0] else { return nil }
            return try renamed(node, b, as: a.shape) { kind(other, $0) }
        default: return nil
        }
    }

    /// nil where labels are none, too many, or no whole numbers.
    /// - Parameters:
    ///   - shape: what the result is broadcast with.
    ///   - function: nil where it overflows.
    mutating func renamed(
        _ node: ONNXNode, _ value: ImportedValue, as shape: [Int],
        _ function: (Int64) -> Int64?
    ) throws(ONNXError) -> ImportedValue? {
        guard case .activation(let index, let own, .index(let indices)) = value,
            let count = indices.count, count <= Self.mostNames,
            let result = IndexLists.broadcast(own, shape), result.reduce(1, *) == value.count
        else { return nil }
        try charge(count, node)
        let names = indices.names ?? (0..<count).map(\.description)
        let numbers = names.compactMap { Int64($0) }
        guard numbers.count == count else { return nil }
        var renamed: [String] = []
        for number in numbers {
            guard let value = function(number) else {
                throw node.refusal("a label that overflows 64 bits or is divided by zero")
            }
            renamed.append(value.description)
        }
        return .activation(
            index, shape: result,
            kind: .index(ImportedValue.Indices(count: count, names: renamed)))
    }

    /// Towards zero. A division, not a product with an inverse: below 2^24 it never rounds to the next integer.
    private mutating func quotient(
        _ node: ONNXNode, _ a: ImportedValue, _ b: ImportedValue
    ) throws(ONNXError) -> ImportedValue {
        if case .constant(let constant) = b, constant.reals?.contains(0) ?? true {
            throw node.refusal("integers divided by zero")
        }
        let (x, y, shape) = try aligned(node, a, b)
        var operands: [Int] = []
        for (value, other) in [(x, y), (y, x)] {
            switch (value, other) {
            case (.activation(let index, _, _), _): operands.append(index)
            case (.constant(let constant), .activation(let beside, _, _)):
                let reals = constant.reals?.map { Float($0) } ?? []
                let blank = try append(
                    node, .gather(indices: Array(repeating: -1, count: reals.count), fill: 0),
                    [beside], shape: shape)
                let filled = try scaled(
                    node, blank, factors: Array(repeating: 1, count: reals.count), terms: reals,
                    shape)
                guard case .activation(let index, _, _) = filled else { break }
                operands.append(index)
            default: break
            }
        }
        guard operands.count == 2 else { throw node.refusal("constants of integers") }
        let quotient = try append(node, .divide, operands, shape: shape)
        return try function(.truncate, of: quotient, node)
    }

    /// Tensors of one kind, as they are put together, and the kind.
    mutating func ofOneKind(
        _ node: ONNXNode, _ parts: [ImportedValue]
    ) throws(ONNXError) -> (parts: [ImportedValue], kind: ImportedValue.Kind) {
        var kinds: Set<ImportedValue.Kind> = []
        for case .activation(_, _, let kind) in parts { kinds.insert(kind) }
        guard parts.contains(where: \.isWhole),
            kinds.count > 1 || parts.contains(where: \.isConstant)
        else {
            guard kinds.count == 1, let kind = kinds.first,
                kind == .real || !parts.contains(where: \.isConstant)
            else { throw node.refusal("reals beside integers") }
            return (parts, kind)
        }
        var numbers: [Number] = []
        for part in parts { numbers.append(try number(node, part)) }
        guard numbers.allSatisfy(\.isWhole) else { throw node.refusal("reals beside integers") }
        let limits = numbers.compactMap(\.limit)
        let magnitude = limits.count == numbers.count ? limits.max() : nil
        return (
            numbers.map(\.value), .index(ImportedValue.Indices(magnitude: magnitude))
        )
    }
}
