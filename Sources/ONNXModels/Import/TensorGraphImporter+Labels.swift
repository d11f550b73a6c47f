// SPDX-License-Identifier: Apache-2.0

import TensorGraphs

/// What classes are called, and what is decided by truth values. An element stays a place in a list of names: looking
/// up a name is left to whoever reads the output.
extension TensorGraphImporter {
    /// The names of whole numbers after looking them up in a list: ArrayFeatureExtractor and Gather of constants.
    mutating func lookedUp(
        _ node: ONNXNode, _ list: ImportedConstant, _ places: ImportedValue, shape: [Int]
    ) throws(ONNXError) -> ImportedValue {
        guard case .activation(let index, _, .index(let indices)) = places, indices.names == nil
        else {
            throw node.refusal("places that are no whole numbers; those of ArgMax are accepted")
        }
        guard let count = indices.count, count <= list.count else {
            throw node.refusal("places in a list of \(list.count) that may lie beyond its end")
        }
        noteLabels(list.values)
        return .activation(
            index, shape: shape,
            kind: .index(
                ImportedValue.Indices(count: count, names: try names(node, list, count: count))))
    }

    private func names(
        _ node: ONNXNode, _ list: ImportedConstant, count: Int
    ) throws(ONNXError) -> [String] {
        switch list.values {
        case .strings(let strings): return Array(strings.prefix(count))
        case .integers(let integers): return integers.prefix(count).map(\.description)
        case .reals(let reals):
            return reals.prefix(count).map { real in
                Int64(exactly: real)?.description ?? real.description
            }
        }
    }

    /// ai.onnx.ml: other names for names, or for places.
    mutating func labelEncoder(_ node: ONNXNode) throws(ONNXError) -> ImportedValue {
        try check(
            node, inputs: 1...1,
            attributes: [
                "classes_strings", "default_float", "default_int64", "default_string",
                "keys_floats", "keys_int64s", "keys_strings", "values_floats", "values_int64s",
                "values_strings",
            ])
        guard case .activation(let index, let shape, .index(let indices)) = try value(node, 0),
            indices.count != nil
        else { return try encodedCategories(node) }
        let classes = try node.strings("classes_strings") ?? []
        let keys = classes.isEmpty ? try list(node, "keys_") : classes
        let results =
            classes.isEmpty ? try list(node, "values_") : classes.indices.map(\.description)
        guard let keys, let results, keys.count == results.count else {
            throw node.refusal("keys and values must be as many")
        }
        guard let count = indices.count else { throw node.refusal("whole numbers without a limit") }
        let table = Dictionary(zip(keys, results)) { first, _ in first }
        var names: [String] = []
        for name in indices.names ?? (0..<count).map(\.description) {
            if let found = table[name] {
                names.append(found)
            } else {
                names.append(try defaultName(node))
            }
        }
        return .activation(
            index, shape: shape, kind: .index(ImportedValue.Indices(count: count, names: names)))
    }

    func list(_ node: ONNXNode, _ prefix: String) throws(ONNXError) -> [String]? {
        if let strings = try node.strings(prefix + "strings") { return strings }
        if let integers = try node.integers(prefix + "int64s") {
            return integers.map(\.description)
        }
        return try node.floats(prefix + "floats")?.map {
            Int64(exactly: $0)?.description ?? "\($0)"
        }
    }

    private func defaultName(_ node: ONNXNode) throws(ONNXError) -> String {
        if node.attributes["values_strings"] != nil {
            return try node.string("default_string", default: "_Unused")
        }
        if node.attributes["values_floats"] != nil {
            return "\(try node.float("default_float", default: 0))"
        }
        return "\(try node.integer("default_int64", default: -1))"
    }

    /// Not, And and Or of truth values.
    mutating func logic(_ node: ONNXNode) throws(ONNXError) -> ImportedValue {
        let count = node.operator == "Not" ? 1 : 2
        try check(node, inputs: count...count)
        var truths: [ImportedValue] = []
        for index in 0..<count {
            guard case .activation(let value, let shape, .index(.truths)) = try value(node, index)
            else { throw node.refusal("input \(index) is no truth value of an activation") }
            truths.append(.activation(value, shape: shape, kind: .real))
        }
        var result: ImportedValue
        switch node.operator {
        case "Not": result = try scaled(node, truths[0], by: -1, plus: 1)
        case "And": result = try arithmetic(node, .multiply, truths[0], truths[1])
        default:
            // a or b is not (not a and not b).
            result = try arithmetic(
                node, .multiply, scaled(node, truths[0], by: -1, plus: 1),
                scaled(node, truths[1], by: -1, plus: 1))
            result = try scaled(node, result, by: -1, plus: 1)
        }
        guard case .activation(let index, let shape, _) = result else { return result }
        return .activation(index, shape: shape, kind: .index(.truths))
    }

    /// Whole numbers or strings by a truth value, element by element; nil where both are reals.
    mutating func selectedLabels(
        _ node: ONNXNode, _ truth: Int, _ a: ImportedValue, _ b: ImportedValue, shape: [Int]
    ) throws(ONNXError) -> ImportedValue? {
        guard case .constant(let yes) = a, case .constant(let no) = b,
            yes.reals == nil || no.reals == nil, yes.count == 1, no.count == 1
        else { return nil }
        let names = try names(node, no, count: 1) + self.names(node, yes, count: 1)
        return .activation(
            truth, shape: shape, kind: .index(ImportedValue.Indices(count: 2, names: names)))
    }

    /// What an output's elements are.
    func meaning(_ kind: ImportedValue.Kind) -> TensorGraph.Meaning {
        switch kind {
        case .real, .code: return .real
        case .text: return .integer
        case .index(let indices):
            if let names = indices.names { return .label(names) }
            guard let count = indices.count, count <= 1 << 16 else { return .integer }
            return .label((0..<count).map(\.description))
        }
    }
}
