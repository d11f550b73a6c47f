// SPDX-License-Identifier: Apache-2.0

import TensorGraphs

/// Inputs of tables, and what makes numbers of their categories and of what is missing.
extension TensorGraphImporter {
    /// Attributes that hold texts which an input may be compared with, or replaced by.
    private static let textAttributes = [
        "cats_strings", "keys_strings", "values_strings", "classes_strings", "default_string",
    ]

    /// Every text that a node knows, in their order.
    static func vocabulary(_ graph: ONNXGraph) -> [String] {
        var texts: Set<String> = [""]
        for node in graph.nodes where node.operator.hasPrefix("ai.onnx.ml.") {
            for name in textAttributes {
                switch node.attributes[name] {
                case .strings(let list): texts.formUnion(list)
                case .string(let text): texts.insert(text)
                default: break
                }
            }
        }
        return texts.sorted()
    }

    func place(_ text: String) -> Float {
        var range = 0..<vocabulary.count
        while let middle = range.isEmpty ? nil : (range.lowerBound + range.upperBound) / 2 {
            if vocabulary[middle] == text { return Float(middle) }
            range =
                vocabulary[middle] < text
                ? middle + 1..<range.upperBound : range.lowerBound..<middle
        }
        return -1
    }

    /// The inputs as parts of value 0.
    mutating func addInputs(batch: Int) {
        let width = graph.inputs.reduce(0) { $0 + $1.count }
        var start = 0
        for input in graph.inputs {
            let shape = [batch] + input.shape.dropFirst()
            let kind: ImportedValue.Kind =
                switch input.type {
                case nil: .text
                case let type? where type.isReal: .real
                case let type?: .index(ImportedValue.Indices(magnitude: type.magnitude))
                }
            tensors.columns.append(
                InputColumn(
                    name: input.name, count: input.count,
                    kind: kind == .text ? .text(vocabulary) : kind == .real ? .real : .integer))
            var index = 0
            if graph.inputs.count > 1 {
                index = tensors.values.count
                let places = (0..<batch).flatMap { row in
                    (0..<input.count).map { Int32(row * width + start + $0) }
                }
                tensors.values.append(TensorGraph.Value(name: input.name, shape: shape))
                tensors.nodes.append(
                    TensorGraph.Node(
                        name: input.name, operator: "input",
                        operation: .gather(indices: places, fill: 0), inputs: [0], output: index))
            }
            values[input.name] = .activation(index, shape: shape, kind: kind)
            start += input.count
        }
    }

    /// ai.onnx.ml: a value of each feature's own, or of all, where one is missing.
    mutating func imputer(_ node: ONNXNode) throws(ONNXError) -> ImportedValue {
        try check(
            node, inputs: 1...1,
            attributes: [
                "imputed_value_floats", "imputed_value_int64s", "replaced_value_float",
                "replaced_value_int64",
            ])
        let value = try value(node, 0)
        guard case .activation(_, let shape, let kind) = value else {
            throw node.refusal("it imputes a constant")
        }
        let (missing, values): (Float?, [Float])
        if kind == .real {
            let replaced = try node.float("replaced_value_float", default: 0)
            missing = replaced.isNaN ? nil : replaced
            values = try node.floats("imputed_value_floats") ?? []
        } else {
            guard case .index(let indices) = kind, indices.names == nil else {
                throw node.refusal("numbers are imputed")
            }
            missing = Float(try node.integer("replaced_value_int64", default: 0))
            values = (try node.integers("imputed_value_int64s") ?? []).map { Float($0) }
        }
        let features = shape.last ?? 1
        guard values.count == 1 || values.count == features, values.allSatisfy(\.isFinite) else {
            throw node.refusal("\(values.count) values for \(features) features")
        }
        let all = (0..<value.count).map { values[values.count == 1 ? 0 : $0 % features] }
        return try apply(
            node, .impute(missing: missing, values: all), [value], shape: shape, kind: kind)
    }

    /// ai.onnx.ml: an element for each category, 1 where the value is it.
    mutating func oneHotEncoder(_ node: ONNXNode) throws(ONNXError) -> ImportedValue {
        try check(node, inputs: 1...1, attributes: ["cats_int64s", "cats_strings", "zeros"])
        let value = try value(node, 0)
        guard case .activation(_, let shape, let kind) = value else {
            throw node.refusal("it encodes a constant")
        }
        let categories: [Float]
        if let texts = try node.strings("cats_strings") {
            guard kind == .text else { throw node.refusal("categories of texts for numbers") }
            categories = texts.map { place($0) }
        } else {
            guard kind != .text else { throw node.refusal("categories of numbers for texts") }
            categories = try wholeFloats(node, try node.integers("cats_int64s") ?? [])
        }
        guard !categories.isEmpty else { throw node.refusal("no categories") }
        // onnxruntime takes off what is behind the point of reals. Of labels the numbers count, not their places.
        let whole: ImportedValue =
            switch kind {
            case .real: try function(.truncate, of: value, node)
            case .text: value
            default: try number(node, value).value
            }
        let size = categories.count
        try charge(3 * value.count * size, node)
        let shapes = shape + [size]
        let repeated = try apply(
            node,
            .gather(
                indices: (0..<Int32(value.count)).flatMap {
                    [Int32](repeating: $0, count: size)
                }, fill: 0), [whole], shape: shapes)
        let differences = try apply(
            node,
            .scale(
                factors: [Float](repeating: 1, count: value.count * size),
                terms: (0..<value.count).flatMap { _ in categories.map { -$0 } }), [repeated],
            shape: shapes)
        let result = try apply(
            node, .encode(keys: [0], values: [1], otherwise: 0), [differences], shape: shapes)
        if try !flag(node, "zeros", default: true) {
            // Else the runtime refuses a value that is no category.
            let known = try apply(
                node,
                .encode(
                    keys: Array(Set(categories)).sorted(),
                    values: [Float](repeating: 1, count: Set(categories).count), otherwise: 0),
                [whole], shape: shape)
            if case .activation(let index, _, _) = known {
                tensors.conditions.append(
                    TensorGraph.Condition(
                        value: index,
                        text: "a value that is none of the \(size) categories of '\(node.name)'"))
            }
        }
        return result
    }

    /// LabelEncoder of inputs: a table, from texts or numbers to texts or numbers.
    mutating func encodedCategories(_ node: ONNXNode) throws(ONNXError) -> ImportedValue {
        let value = try value(node, 0)
        guard case .activation(_, let shape, let kind) = value else {
            throw node.refusal("it encodes a constant")
        }
        let classes = try node.strings("classes_strings") ?? []
        var keys: [Float]
        var results: [Float]
        var resultKind = ImportedValue.Kind.index(.unknown)
        var otherwise: Float = -1
        if !classes.isEmpty {
            guard kind == .text else { throw node.refusal("classes of texts for numbers") }
            keys = classes.map { place($0) }
            results = classes.indices.map { Float($0) }
            otherwise = try wholeFloats(node, [try node.integer("default_int64", default: -1)])[0]
        } else {
            if let texts = try node.strings("keys_strings") {
                guard kind == .text else { throw node.refusal("keys of texts for numbers") }
                keys = texts.map { place($0) }
            } else {
                guard kind != .text else { throw node.refusal("keys of numbers for texts") }
                if let reals = try node.floats("keys_floats") {
                    keys = reals
                } else {
                    keys = try wholeFloats(node, try node.integers("keys_int64s") ?? [])
                }
            }
            if let texts = try node.strings("values_strings") {
                results = texts.map { place($0) }
                resultKind = .text
                otherwise = place(try node.string("default_string", default: "_Unused"))
            } else if let reals = try node.floats("values_floats") {
                results = reals
                resultKind = .real
                otherwise = try node.float("default_float", default: 0)
            } else {
                results = try wholeFloats(node, try node.integers("values_int64s") ?? [])
                otherwise = try wholeFloats(node, [try node.integer("default_int64", default: -1)])[
                    0]
            }
        }
        guard keys.count == results.count, !keys.isEmpty else {
            throw node.refusal("keys and values must be as many")
        }
        // A key that is NaN stands for what is missing.
        var input = value
        if let place = keys.firstIndex(where: \.isNaN) {
            var missing: Float = -1
            while keys.contains(missing) { missing -= 1 }
            keys[place] = missing
            input = try apply(
                node,
                .impute(
                    missing: nil, values: [Float](repeating: missing, count: value.count)),
                [value], shape: shape, kind: kind)
        }
        if resultKind == .index(.unknown) {
            let largest = (results + [otherwise]).reduce(0) { max($0, abs($1)) }
            resultKind = .index(ImportedValue.Indices(magnitude: Int(largest)))
        }
        let table = Dictionary(zip(keys, results)) { first, _ in first }
        let sorted = table.keys.sorted()
        return try apply(
            node,
            .encode(keys: sorted, values: sorted.map { table[$0]! }, otherwise: otherwise),
            [input], shape: shape, kind: resultKind)
    }

    /// Whole numbers that Float holds.
    private func wholeFloats(
        _ node: ONNXNode, _ integers: [Int64]
    ) throws(ONNXError) -> [Float] {
        guard let large = integers.first(where: { abs($0.clamped) > 1 << 24 }) else {
            return integers.map { Float($0) }
        }
        throw node.refusal("the number \(large); numbers up to 2^24 are accepted")
    }
}

extension Int64 {
    /// So that its magnitude exists.
    fileprivate var clamped: Int64 { Swift.max(self, -.max) }
}
