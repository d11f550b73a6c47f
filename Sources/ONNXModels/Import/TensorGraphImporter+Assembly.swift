// SPDX-License-Identifier: Apache-2.0

import TensorGraphs

/// Operators that put tensors together.
extension TensorGraphImporter {
    mutating func concatenation(_ node: ONNXNode) throws(ONNXError) -> ImportedValue {
        try check(node, inputs: 1...1024, attributes: ["axis"])
        var parts: [ImportedValue] = []
        for index in node.inputs.indices { parts.append(try value(node, index)) }
        guard node.attributes["axis"] != nil else { throw node.refusal("no axis") }
        let axis = try axis(
            try node.integer("axis", default: 0), rank: parts[0].shape.count, node)
        return try concatenated(node, parts, axis: axis)
    }

    /// Tensors, one at least, one after another along an axis.
    mutating func concatenated(
        _ node: ONNXNode, _ parts: [ImportedValue], axis: Int
    ) throws(ONNXError) -> ImportedValue {
        let first = parts[0].shape
        var shape = first
        shape[axis] = 0
        for part in parts {
            var others = part.shape
            guard others.count == first.count else {
                throw node.refusal("sizes \(first) and \(part.shape)")
            }
            let (size, overflow) = shape[axis].addingReportingOverflow(others[axis])
            others[axis] = first[axis]
            guard others == first, !overflow else {
                throw node.refusal("sizes \(first) and \(part.shape)")
            }
            shape[axis] = size
        }
        let count = try count(shape, node)
        var places: [Int] = []
        places.reserveCapacity(count)
        let outer = shape.prefix(axis).reduce(1, *)
        for row in 0..<(count == 0 ? 0 : outer) {
            var base = 0
            for part in parts {
                let run = part.count / outer
                places.append(contentsOf: base + row * run..<base + (row + 1) * run)
                base += part.count
            }
        }
        return try assembled(node, parts, places, shape: shape)
    }

    mutating func selection(_ node: ONNXNode) throws(ONNXError) -> ImportedValue {
        try check(node, inputs: 3...3)
        let condition = try value(node, 0)
        let (a, b, common) = try aligned(node, try value(node, 1), try value(node, 2))
        if case .activation(let truth, _, let kind) = condition {
            guard case .index(let truths) = kind, truths.count == 2, truths.names == nil else {
                throw node.refusal("a condition that is no truth value")
            }
            if isOfSoftplus(truth, a, b) { return b }
            guard let shape = IndexLists.broadcast(common, condition.shape) else {
                throw node.refusal("sizes \(common) and \(condition.shape)")
            }
            let isTrue = try broadcast(
                node, .activation(truth, shape: condition.shape, kind: .real), to: shape)
            if let labels = try selectedLabels(node, isTrue, a, b) { return labels }
            guard a.isWhole || b.isWhole || a.isOfIntegers || b.isOfIntegers else {
                return try selected(node, isTrue, a, b)
            }
            let (x, y) = (try number(node, a), try number(node, b))
            let result = try selected(node, isTrue, x.value, y.value)
            guard x.isWhole, y.isWhole else { return result }
            let limit = x.limit.flatMap { limit in y.limit.map { max($0, limit) } }
            return try whole(node, result, limit: limit)
        }
        guard let shape = IndexLists.broadcast(common, condition.shape) else {
            throw node.refusal("sizes \(common) and \(condition.shape)")
        }
        guard case .constant(let truths) = try broadcast(node, condition, to: shape),
            let integers = truths.integers
        else { throw node.refusal("a condition that is no truth value") }
        let parts = [
            try broadcast(node, a, to: shape), try broadcast(node, b, to: shape),
        ]
        let places = integers.enumerated().map { $1 != 0 ? $0 : integers.count + $0 }
        return try assembled(node, parts, places, shape: shape)
    }

    /// One of t a and (1 - t) b is zero.
    private mutating func selected(
        _ node: ONNXNode, _ isTrue: ImportedValue, _ a: ImportedValue, _ b: ImportedValue
    ) throws(ONNXError) -> ImportedValue {
        let isFalse = try scaled(node, isTrue, by: -1, plus: 1)
        return try arithmetic(
            node, .add, try masked(node, a, isTrue), try masked(node, b, isFalse))
    }

    private mutating func masked(
        _ node: ONNXNode, _ value: ImportedValue, _ truth: ImportedValue
    ) throws(ONNXError) -> ImportedValue {
        guard case .activation(_, _, .real) = value else {
            return try arithmetic(node, .multiply, truth, value)
        }
        let (a, b, shape) = try aligned(node, value, truth)
        return try apply(node, .mask, [a, b], shape: shape)
    }

    /// Whether a truth value selects between x and softplus(x) where both are the same: PyTorch writes a threshold of
    /// 20.
    private func isOfSoftplus(_ truth: Int, _ a: ImportedValue, _ b: ImportedValue) -> Bool {
        func maker(_ value: Int) -> TensorGraph.Node? { tensors.nodes.last { $0.output == value } }
        guard case .activation(let x, _, _) = a, case .activation(let soft, _, _) = b,
            let function = maker(soft), case .function(.softplus) = function.operation,
            function.inputs == [x], let step = maker(truth),
            case .function(.step) = step.operation, let difference = maker(step.inputs[0]),
            case .scale(let factors, let terms) = difference.operation, difference.inputs == [x]
        else { return false }
        // Beyond 16 they differ by less than 2^-23.
        return factors.allSatisfy { $0 == 1 } && terms.allSatisfy { $0 <= -16 }
    }

    /// Elements at `places` of the parts laid end to end, whether they are constants or not.
    mutating func assembled(
        _ node: ONNXNode, _ parts: [ImportedValue], _ places: [Int], shape: [Int]
    ) throws(ONNXError) -> ImportedValue {
        if let constant = try joined(node, parts) {
            return .constant(
                constant.rearranged(places.map { Int32($0) }, shape: shape, fill: 0))
        }
        let (parts, kind) = try ofOneKind(node, parts)
        // Where each element comes from: an index into the activations, or a constant.
        var sources: [Int32] = []
        var constants: [Float] = []
        var inputs: [Int] = []
        var base: Int32 = 0
        for part in parts {
            try charge(part.count, node)
            switch part {
            case .constant(let constant):
                guard let reals = constant.reals else {
                    throw node.refusal("a constant of \(constant.type) beside activations")
                }
                sources.append(contentsOf: repeatElement(-1, count: reals.count))
                constants.append(contentsOf: reals.map { Float($0) })
            case .activation(let index, _, _):
                sources.append(contentsOf: base..<base + Int32(part.count))
                constants.append(contentsOf: repeatElement(0, count: part.count))
                inputs.append(index)
                base += Int32(part.count)
            }
        }
        let gathered = try append(
            node, .gather(indices: places.map { sources[$0] }, fill: 0), inputs, shape: shape,
            kind: kind)
        guard parts.contains(where: \.isConstant) else { return gathered }
        let filled = try scaled(
            node, gathered, factors: Array(repeating: 1, count: places.count),
            terms: places.map { constants[$0] }, shape)
        guard case .activation(let index, _, _) = filled else { return filled }
        return .activation(index, shape: shape, kind: kind)
    }

    /// One constant of all parts laid end to end; nil where one is none.
    private mutating func joined(
        _ node: ONNXNode, _ parts: [ImportedValue]
    ) throws(ONNXError) -> ImportedConstant? {
        var constants: [ImportedConstant] = []
        for case .constant(let constant) in parts { constants.append(constant) }
        guard constants.count == parts.count, let type = constants.first?.type else { return nil }
        guard constants.allSatisfy({ $0.type == type }) else {
            throw node.refusal("constants of different types")
        }
        try charge(constants.reduce(0) { $0 + $1.count }, node)
        let values: ONNXTensor.Values
        switch constants[0].values {
        case .reals: values = .reals(constants.flatMap { $0.reals ?? [] })
        case .integers: values = .integers(constants.flatMap { $0.integers ?? [] })
        case .strings:
            values = .strings(
                constants.flatMap { constant -> [String] in
                    if case .strings(let strings) = constant.values { strings } else { [] }
                })
        }
        return ImportedConstant(shape: [], type: type, values: values)
    }
}
