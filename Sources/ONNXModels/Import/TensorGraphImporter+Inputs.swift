// SPDX-License-Identifier: Apache-2.0

import IntegerNetworks

/// What a node reads.
extension TensorGraphImporter {
    /// Refuses a number of inputs outside the range and attributes that are not looked at; further outputs only where
    /// they go nowhere.
    func check(
        _ node: ONNXNode, inputs: ClosedRange<Int>, attributes: Set<String> = [], outputs: Int = 1
    ) throws(ONNXError) {
        let count = (node.inputs.lastIndex { !$0.isEmpty } ?? -1) + 1
        guard inputs.contains(count) else {
            throw node.refusal(
                "\(count) inputs; \(inputs.lowerBound) to \(inputs.upperBound) are accepted")
        }
        try node.checkAttributes(attributes)
        for output in node.outputs.dropFirst(outputs) where needed.contains(output) {
            throw node.refusal("its output '\(output)' is read; the first \(outputs) are accepted")
        }
    }

    func value(_ node: ONNXNode, _ index: Int) throws(ONNXError) -> ImportedValue {
        guard let name = node.input(index) else { throw node.refusal("input \(index) is missing") }
        guard let value = values[name] else {
            throw node.refusal("it reads '\(name)', which is not evaluated")
        }
        return value
    }

    /// A value of reals.
    func real(_ node: ONNXNode, _ index: Int) throws(ONNXError) -> ImportedValue {
        let value = try value(node, index)
        switch value {
        case .constant(let constant) where constant.reals != nil: return value
        case .activation(_, _, .real): return value
        // Those of ai.onnx.ml take integers as the reals that they are.
        case .activation(let index, let shape, .index(let indices))
        where indices.names == nil && node.operator.hasPrefix("ai.onnx.ml."):
            return .activation(index, shape: shape, kind: .real)
        case .constant(let constant):
            throw node.refusal("input \(index) is of \(constant.type); reals are accepted")
        case .activation(_, _, .text):
            throw node.refusal("input \(index) is of texts; encode them first")
        case .activation:
            throw node.refusal(
                "input \(index) is of integers, which are no reals before a Cast or DequantizeLinear"
            )
        }
    }

    func constant(_ node: ONNXNode, _ index: Int) throws(ONNXError) -> ImportedConstant {
        guard case .constant(let constant) = try value(node, index) else {
            throw node.refusal("input \(index) must be a constant")
        }
        return constant
    }

    func weights(_ node: ONNXNode, _ index: Int) throws(ONNXError) -> ImportedConstant {
        let constant = try constant(node, index)
        guard constant.reals != nil else {
            throw node.refusal("input \(index) is of \(constant.type); reals are accepted")
        }
        return constant
    }

    func floats(_ node: ONNXNode, _ index: Int) throws(ONNXError) -> [Float] {
        try weights(node, index).reals?.map { Float($0) } ?? []
    }

    /// Constant integers.
    func integers(_ node: ONNXNode, _ index: Int) throws(ONNXError) -> [Int64] {
        guard let integers = try constant(node, index).integers else {
            throw node.refusal("input \(index) must be of integers")
        }
        return integers
    }

    /// Integers that newer operator sets give as an input and older ones as an attribute; nil where there are none.
    func integers(
        _ node: ONNXNode, _ index: Int, or attribute: String
    ) throws(ONNXError) -> [Int64]? {
        if node.input(index) != nil { return try integers(node, index) }
        return try node.integers(attribute)
    }

    /// An axis, counted from the end when negative.
    func axis(_ axis: Int64, rank: Int, _ node: ONNXNode) throws(ONNXError) -> Int {
        guard axis >= -Int64(rank), axis < Int64(rank) else {
            throw node.refusal("axis \(axis) of \(rank) dimensions")
        }
        return Int(axis < 0 ? axis + Int64(rank) : axis)
    }

    /// Different axes.
    func axes(_ axes: [Int64], rank: Int, _ node: ONNXNode) throws(ONNXError) -> [Int] {
        guard axes.count <= rank else { throw node.refusal("\(axes.count) axes of \(rank)") }
        var found: [Int] = []
        for value in axes { found.append(try axis(value, rank: rank, node)) }
        guard Set(found).count == found.count else {
            throw node.refusal("axes \(axes) name one twice")
        }
        return found
    }

    func sizes(_ sizes: [Int64], _ node: ONNXNode) throws(ONNXError) -> [Int] {
        guard sizes.count <= 16,
            sizes.allSatisfy({ $0 >= 0 && $0 <= Int64(IntegerNetwork.maximumElements) })
        else { throw node.refusal("sizes \(sizes)") }
        return sizes.map { Int($0) }
    }

    /// An attribute that is a switch.
    func flag(_ node: ONNXNode, _ name: String, default value: Bool) throws(ONNXError) -> Bool {
        try node.integer(name, default: value ? 1 : 0) != 0
    }
}
