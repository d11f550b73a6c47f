// SPDX-License-Identifier: Apache-2.0

import TensorGraphs

/// Einsum of one or two tensors, each axis a letter: a product of matrices between transposes.
extension TensorGraphImporter {
    mutating func einsum(_ node: ONNXNode) throws(ONNXError) -> ImportedValue {
        try check(node, inputs: 1...2, attributes: ["equation"])
        let equation = try node.string("equation", default: "").filter { $0 != " " }
        let sides = equation.split(separator: "-", omittingEmptySubsequences: false)
        let inputs = sides[0].split(separator: ",", omittingEmptySubsequences: false)
            .map(Array.init)
        var values: [ImportedValue] = []
        for index in inputs.indices where index < node.inputs.count {
            values.append(try real(node, index))
        }
        guard sides.count <= 2, sides.count == 1 || sides[1].hasPrefix(">"),
            values.count == inputs.count, inputs.count == node.inputs.count,
            inputs.allSatisfy({ Set($0).count == $0.count && $0.allSatisfy(\.isLetter) }),
            zip(inputs, values).allSatisfy({ $0.count == $1.shape.count })
        else {
            throw node.refusal(
                "the equation '\(equation)'; one or two tensors with a letter for each axis, none twice in a tensor, are accepted"
            )
        }
        // Without an arrow, what occurs once, in alphabetical order.
        let all = inputs.flatMap { $0 }
        let output =
            sides.count == 2
            ? Array(sides[1].dropFirst())
            : Set(all).filter { letter in all.count { $0 == letter } == 1 }.sorted()
        guard Set(output).count == output.count, output.allSatisfy(all.contains) else {
            throw node.refusal("the equation '\(equation)' puts out an axis that no input has")
        }
        // An axis of one input alone that is not put out is summed first.
        var letters = inputs
        for index in values.indices {
            let others = letters.indices.filter { $0 != index }.flatMap { letters[$0] } + output
            let lost = letters[index].indices.filter { !others.contains(letters[index][$0]) }
            values[index] = try reduced(
                node, values[index], axes: Array(lost), keepsAxes: false, by: .sum)
            letters[index] = letters[index].filter(others.contains)
        }
        guard values.count == 2 else {
            return try arranged(node, values[0], letters[0], as: output)
        }
        var sizes: [Character: Int] = [:]
        for (name, size) in zip(letters[0] + letters[1], values[0].shape + values[1].shape) {
            guard sizes.updateValue(size, forKey: name) ?? size == size else {
                throw node.refusal("axis '\(name)' has two sizes")
            }
        }
        let shared = letters[0].filter(letters[1].contains)
        let batch = shared.filter(output.contains)
        let inner = shared.filter { !output.contains($0) }
        let rows = letters[0].filter { !shared.contains($0) }
        let columns = letters[1].filter { !shared.contains($0) }
        func count(_ names: [Character]) -> Int { names.reduce(1) { $0 * sizes[$1]! } }
        let a = try arranged(node, values[0], letters[0], as: batch + rows + inner)
        let b = try arranged(node, values[1], letters[1], as: batch + inner + columns)
        let product = try matrixProduct(
            node, reshaped(a, [count(batch), count(rows), count(inner)]),
            reshaped(
                b,
                batch.isEmpty
                    ? [count(inner), count(columns)]
                    : [count(batch), count(inner), count(columns)]))
        let names = batch + rows + columns
        return try arranged(
            node, reshaped(product, names.map { sizes[$0]! }), names, as: output)
    }

    private mutating func arranged(
        _ node: ONNXNode, _ value: ImportedValue, _ letters: [Character], as order: [Character]
    ) throws(ONNXError) -> ImportedValue {
        letters == order
            ? value
            : try transposed(node, value, order.map { letters.firstIndex(of: $0)! })
    }

    /// GatherND with constant indices.
    mutating func gatherND(_ node: ONNXNode) throws(ONNXError) -> ImportedValue {
        try check(node, inputs: 2...2, attributes: ["batch_dims"])
        let value = try value(node, 0)
        let shape = value.shape
        let indices = try constant(node, 1)
        let places = try integers(node, 1)
        let depth = indices.shape.last ?? 0
        guard try node.integer("batch_dims", default: 0) == 0 else {
            throw node.refusal("batch_dims; 0 is accepted")
        }
        guard depth > 0, depth <= shape.count else {
            throw node.refusal("indices of sizes \(indices.shape) for sizes \(shape)")
        }
        let rest = Array(shape.dropFirst(depth))
        let output = Array(indices.shape.dropLast()) + rest
        let strides = IndexLists.strides(shape)
        let run = rest.reduce(1, *)
        _ = try count(output, node)
        var starts: [Int] = []
        for row in 0..<places.count / depth {
            var start = 0
            for axis in 0..<depth {
                let (place, size) = (places[row * depth + axis], Int64(shape[axis]))
                guard place >= -size, place < size else {
                    throw node.refusal("index \(place) of an axis of \(size)")
                }
                start += Int(place < 0 ? place + size : place) * strides[axis]
            }
            starts.append(start)
        }
        return try rearranged(node, value, [starts, Array(0..<run)], shape: output)
    }
}
