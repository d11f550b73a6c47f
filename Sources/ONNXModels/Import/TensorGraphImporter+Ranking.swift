// SPDX-License-Identifier: Apache-2.0

import TensorGraphs

/// Operators that compare the elements of an axis, or mark one of them.
extension TensorGraphImporter {
    /// What can be compared: reals, whole numbers and codes of one scale.
    mutating func ordinal(_ node: ONNXNode, _ index: Int) throws(ONNXError) -> Number {
        let value = try value(node, index)
        guard case .activation(_, let shape, .code) = value else {
            return try number(node, value)
        }
        let plain = QuantizationGrid(scales: [1], zeroPoints: [0], inner: 1, low: 0, high: 0)
        return Number(
            value: try apply(node, .dequantize(plain), [value], shape: shape), isWhole: true,
            limit: nil)
    }

    /// ArgMax and ArgMin: the least is the most of what is negated, and the first of equals stays the first.
    mutating func argMax(_ node: ONNXNode) throws(ONNXError) -> ImportedValue {
        try check(node, inputs: 1...1, attributes: ["axis", "keepdims", "select_last_index"])
        var value: ImportedValue
        if let elsewhere = try dequantizedElsewhere(node) {
            value = elsewhere
        } else {
            value = try ordinal(node, 0).value
        }
        if node.operator == "ArgMin" { value = try scaled(node, value, by: -1, plus: 0) }
        guard !value.isConstant else { throw node.refusal("a constant") }
        var shape = value.shape
        let axis = try axis(try node.integer("axis", default: 0), rank: shape.count, node)
        let result = try argMax(
            node, value, axis: axis,
            selectsLast: try flag(node, "select_last_index", default: false))
        guard try !flag(node, "keepdims", default: true) else { return result }
        shape.remove(at: axis)
        return reshaped(result, shape)
    }

    /// What the node's codes stand for, where that is read too: one value decides and is an output.
    private mutating func dequantizedElsewhere(
        _ node: ONNXNode
    ) throws(ONNXError) -> ImportedValue? {
        guard case .activation(_, _, .code) = try value(node, 0),
            let reader = graph.nodes.first(where: { other in
                other.operator.hasSuffix("DequantizeLinear") && other.input(0) == node.input(0)
                    && other.outputs.first.map(needed.contains) == true
            }), let output = reader.outputs.first,
            (try? floats(reader, 1))?.count == 1
        else { return nil }
        let made = try dequantize(reader)
        early[output] = made
        return made
    }

    private mutating func argMax(
        _ node: ONNXNode, _ value: ImportedValue, axis: Int, selectsLast: Bool
    ) throws(ONNXError) -> ImportedValue {
        var shape = value.shape
        let operation = TensorOperation.argMax(
            outer: shape.prefix(axis).reduce(1, *), count: shape[axis],
            inner: shape.dropFirst(axis + 1).reduce(1, *), selectsLast: selectsLast)
        let count = shape[axis]
        shape[axis] = 1
        return try apply(
            node, operation, [value], shape: shape,
            kind: .index(ImportedValue.Indices(count: count)))
    }

    /// TopK: values and places. The least are the most of what is negated.
    mutating func top(_ node: ONNXNode) throws(ONNXError) -> [ImportedValue?] {
        try check(
            node, inputs: 1...2, attributes: ["axis", "k", "largest", "sorted"], outputs: 2)
        let number = try ordinal(node, 0)
        guard !number.value.isConstant else { throw node.refusal("a constant") }
        let old = number.value.shape
        let axis = try axis(try node.integer("axis", default: -1), rank: old.count, node)
        let given =
            try node.input(1) == nil
            ? node.integer("k", default: 0) : integers(node, 1).first ?? 0
        guard given >= 1, given <= Int64(old[axis]) else {
            throw node.refusal("\(given) of \(old[axis]) elements")
        }
        let isLargest = try flag(node, "largest", default: true)
        let value = isLargest ? number.value : try scaled(node, number.value, by: -1)
        var shape = old
        shape[axis] = Int(given)
        func ranked(
            _ place: Int, in importer: inout TensorGraphImporter
        ) throws(ONNXError) -> ImportedValue? {
            guard place < node.outputs.count, importer.needed.contains(node.outputs[place]) else {
                return nil
            }
            return try importer.apply(
                node,
                .top(
                    outer: old.prefix(axis).reduce(1, *), count: old[axis],
                    inner: old.dropFirst(axis + 1).reduce(1, *), kept: Int(given),
                    givesPlaces: place == 1), [value], shape: shape,
                kind: place == 1 ? .index(ImportedValue.Indices(count: old[axis])) : .real)
        }
        var values = try ranked(0, in: &self)
        if let found = values, !isLargest { values = try scaled(node, found, by: -1) }
        if let found = values, number.isWhole {
            values = try whole(node, found, limit: number.limit)
        }
        return [values, try ranked(1, in: &self)]
    }

    // MARK: Marks

    /// 1 at the largest element of an axis, 0 elsewhere.
    mutating func hardmax(_ node: ONNXNode) throws(ONNXError) -> ImportedValue {
        try check(node, inputs: 1...1, attributes: ["axis"])
        var value = try real(node, 0)
        guard !value.isConstant else { throw node.refusal("a constant") }
        let shape = value.shape
        // Older operator sets flatten all from the axis on.
        let flattens = operatorSet < 13
        var axis = try axis(
            try node.integer("axis", default: flattens ? 1 : -1), rank: shape.count, node)
        if flattens {
            value = reshaped(
                value, [shape.prefix(axis).reduce(1, *), shape.dropFirst(axis).reduce(1, *)])
            axis = 1
        }
        let largest = try argMax(node, value, axis: axis, selectsLast: false)
        guard case .activation(let index, let one, _) = largest else { return largest }
        let marks = try marks(
            node, .activation(index, shape: one, kind: .real), axis: axis,
            depth: value.shape[axis], wraps: false)
        return reshaped(marks, shape)
    }

    mutating func oneHot(_ node: ONNXNode) throws(ONNXError) -> ImportedValue {
        try check(node, inputs: 3...3, attributes: ["axis"])
        let number = try number(node, try value(node, 0))
        guard !number.value.isConstant else { throw node.refusal("a constant") }
        let values = try self.number(node, try value(node, 2))
        guard case .constant(let pair) = values.value, let offOn = pair.reals, offOn.count == 2,
            offOn.allSatisfy(\.isFinite)
        else { throw node.refusal("values that are no two finite constants") }
        guard let depth = try constant(node, 1).single.flatMap(Int.init(exactly:)),
            (1...1 << 20).contains(depth)
        else { throw node.refusal("a depth that is no constant from 1 to 2^20") }
        var shape = number.value.shape
        let axis = try axis(
            try node.integer("axis", default: -1), rank: shape.count + 1, node)
        shape.insert(1, at: axis)
        var isCounted = false
        if case .activation(_, _, .index(let indices)) = try value(node, 0) {
            isCounted = indices.count != nil && indices.names == nil
        }
        let marks = try marks(
            node, reshaped(number.value, shape), axis: axis, depth: depth, wraps: !isCounted)
        let (off, on) = (Float(offOn[0]), Float(offOn[1]))
        var result = try scaled(node, marks, by: on)
        if off != 0 {
            result = try arithmetic(
                node, .add, result, try scaled(node, marks, by: -off, plus: off))
        }
        guard values.isWhole else { return result }
        return try whole(node, result, limit: values.limit)
    }

    /// 1 where an axis of `depth` has the place that a value says, whose size there is 1.
    /// - Parameter wraps: whether negative places count from the end.
    mutating func marks(
        _ node: ONNXNode, _ places: ImportedValue, axis: Int, depth: Int, wraps: Bool
    ) throws(ONNXError) -> ImportedValue {
        var shape = places.shape
        shape[axis] = depth
        let inner = shape.dropFirst(axis + 1).reduce(1, *)
        let wide = try broadcast(node, places, to: shape)
        let count = wide.count
        func equal(
            _ shift: Int, in importer: inout TensorGraphImporter
        ) throws(ONNXError) -> ImportedValue {
            let differences = try importer.scaled(
                node, wide, factors: Array(repeating: 1, count: count),
                terms: (0..<count).map { Float(shift - $0 / inner % depth) }, shape)
            return try importer.function(.isZero, of: differences, node)
        }
        let marks = try equal(0, in: &self)
        guard wraps else { return marks }
        return try arithmetic(node, .add, marks, try equal(depth, in: &self))
    }

    /// ai.onnx.ml: 1 above a threshold, 0 elsewhere.
    mutating func binarizer(_ node: ONNXNode) throws(ONNXError) -> ImportedValue {
        try check(node, inputs: 1...1, attributes: ["threshold"])
        let threshold = try node.float("threshold", default: 0)
        return try function(
            .step, of: try scaled(node, try real(node, 0), by: 1, plus: -threshold), node)
    }

    /// A list of tensors of one shape: one tensor, with an axis of them after the batch.
    mutating func sequence(_ node: ONNXNode) throws(ONNXError) -> ImportedValue {
        try check(node, inputs: 1...64)
        var parts: [ImportedValue] = []
        for index in node.inputs.indices {
            var part = try value(node, index)
            var shape = part.shape
            guard !shape.isEmpty, shape == parts.first?.shape.removing(1) ?? shape else {
                throw node.refusal(
                    "a list of tensors of different sizes; those of one are accepted")
            }
            shape.insert(1, at: 1)
            part = reshaped(part, shape)
            parts.append(part)
        }
        return try concatenated(node, parts, axis: 1)
    }
}

extension [Int] {
    fileprivate func removing(_ place: Int) -> [Int] {
        var rest = self
        rest.remove(at: place)
        return rest
    }
}
