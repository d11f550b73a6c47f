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

    /// Not, And, Or and Xor of truth values.
    mutating func logic(_ node: ONNXNode) throws(ONNXError) -> ImportedValue {
        let count = node.operator == "Not" ? 1 : 2
        try check(node, inputs: count...count)
        var truths: [ImportedValue] = []
        for index in 0..<count { truths.append(try truth(node, index)) }
        var result: ImportedValue
        switch node.operator {
        case "Not": result = try scaled(node, truths[0], by: -1, plus: 1)
        case "And": result = try arithmetic(node, .multiply, truths[0], truths[1])
        case "Xor":
            result = try function(
                .absolute, of: try arithmetic(node, .subtract, truths[0], truths[1]), node)
        default:
            // a or b is not (not a and not b).
            result = try arithmetic(
                node, .multiply, scaled(node, truths[0], by: -1, plus: 1),
                scaled(node, truths[1], by: -1, plus: 1))
            result = try scaled(node, result, by: -1, plus: 1)
        }
        switch result {
        case .activation(let index, let shape, _):
            return .activation(index, shape: shape, kind: .index(.truths))
        case .constant(let constant):
            return .constant(
                ImportedConstant(
                    shape: constant.shape, type: .bool,
                    values: .integers(constant.reals?.map { $0 == 0 ? 0 : 1 } ?? [])))
        }
    }

    /// A truth value as a real, 0 or 1.
    private func truth(_ node: ONNXNode, _ index: Int) throws(ONNXError) -> ImportedValue {
        switch try value(node, index) {
        case .activation(let value, let shape, .index(.truths)):
            return .activation(value, shape: shape, kind: .real)
        case .constant(let constant):
            guard constant.type == .bool, let integers = constant.integers else { break }
            return .constant(
                ImportedConstant(
                    floats: integers.map { $0 == 0 ? 0 : 1 }, shape: constant.shape))
        default: break
        }
        throw node.refusal("input \(index) is no truth value")
    }

    /// Names by a truth value: places in both lists end to end. nil where both are numbers that aren't looked up.
    /// - Parameter truth: 0 or 1, as a real.
    mutating func selectedLabels(
        _ node: ONNXNode, _ truth: ImportedValue, _ a: ImportedValue, _ b: ImportedValue
    ) throws(ONNXError) -> ImportedValue? {
        guard let yes = try listed(node, a), let no = try listed(node, b),
            yes.place != nil || no.place != nil || yes.isText || no.isText
                || a.isOfIntegers && b.isOfIntegers
        else { return nil }
        // Not true: places from 0 on; true: behind them.
        let isFalse = try scaled(node, truth, by: -1, plus: 1)
        var result = try scaled(node, truth, by: Float(no.names.count))
        if let place = yes.place {
            result = try arithmetic(
                node, .add, result, try arithmetic(node, .multiply, truth, place))
        }
        if let place = no.place {
            result = try arithmetic(
                node, .add, result, try arithmetic(node, .multiply, isFalse, place))
        }
        guard case .activation(let index, let shape, _) = result else { return nil }
        try charge(no.names.count + yes.names.count, node)
        let names = no.names + yes.names
        return .activation(
            index, shape: shape,
            kind: .index(ImportedValue.Indices(count: names.count, names: names)))
    }

    private struct Listed {
        /// As a real; nil of one name alone.
        let place: ImportedValue?
        let names: [String]
        let isText: Bool
    }

    /// A label, or one constant that is no real; nil of others.
    private func listed(
        _ node: ONNXNode, _ value: ImportedValue
    ) throws(ONNXError) -> Listed? {
        switch value {
        case .constant(let constant):
            guard let first = constant.reals == nil ? constant.count : nil, first > 0 else {
                return nil
            }
            let names = try names(node, constant, count: first)
            guard names.allSatisfy({ $0 == names[0] }) else { return nil }
            return Listed(place: nil, names: [names[0]], isText: constant.integers == nil)
        case .activation(let index, let shape, .index(let indices)):
            guard let count = indices.count, count <= 4096 else { return nil }
            let names = indices.names ?? (0..<count).map(\.description)
            return Listed(
                place: .activation(index, shape: shape, kind: .real), names: names, isText: false)
        case .activation: return nil
        }
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
