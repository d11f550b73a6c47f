// SPDX-License-Identifier: Apache-2.0

/// Nodes of older operator sets as newer ones write them: what were attributes are constant inputs.
struct OperatorSetAdapter {
    let operatorSet: Int

    /// The node, and the constants that it reads besides.
    func adapted(_ node: ONNXNode) throws(ONNXError) -> (node: ONNXNode, constants: [ONNXTensor]) {
        switch node.operator {
        case "Clip" where operatorSet < 11:
            return try moved(node, [("min", 1), ("max", 2)])
        case "Pad" where operatorSet < 11:
            return try moved(node, [("pads", 1), ("value", 2)])
        case "Slice" where operatorSet < 10:
            return try moved(node, [("starts", 1), ("ends", 2), ("axes", 3)])
        case "Upsample" where operatorSet < 9:
            return try moved(resize(node), [("scales", 2)])
        case "Resize" where operatorSet == 10: return (resize(node), [])
        case "Upsample": return (resize(node), [])
        default: return (node, [])
        }
    }

    /// Before coordinates could be chosen, sizes grew from the first element on.
    private func resize(_ node: ONNXNode) -> ONNXNode {
        var attributes = node.attributes
        attributes["coordinate_transformation_mode"] = .string("asymmetric")
        attributes["nearest_mode"] = .string("floor")
        return ONNXNode(
            name: node.name, operator: "Resize",
            inputs: node.inputs.prefix(1) + [""] + node.inputs.dropFirst(),
            outputs: node.outputs, attributes: attributes)
    }

    private func moved(
        _ node: ONNXNode, _ places: [(name: String, input: Int)]
    ) throws(ONNXError) -> (node: ONNXNode, constants: [ONNXTensor]) {
        var attributes = node.attributes
        var inputs = node.inputs
        var constants: [ONNXTensor] = []
        for (name, place) in places {
            guard let attribute = attributes.removeValue(forKey: name) else { continue }
            guard node.input(place) == nil else {
                throw node.refusal(
                    "'\(name)' as an input; in operator set \(operatorSet) it is an attribute")
            }
            let constant = "#\(node.outputs.first ?? node.name).\(name)"
            switch attribute {
            case .float(let value):
                constants.append(
                    ONNXTensor(
                        name: constant, dims: [], type: .float, values: .reals([Double(value)])))
            case .floats(let values):
                constants.append(
                    ONNXTensor(
                        name: constant, dims: [values.count], type: .float,
                        values: .reals(values.map(Double.init))))
            case .integers(let values):
                constants.append(
                    ONNXTensor(
                        name: constant, dims: [values.count], type: .int64,
                        values: .integers(values)))
            default: throw node.refusal("attribute '\(name)' must be numbers")
            }
            while inputs.count <= place { inputs.append("") }
            inputs[place] = constant
        }
        return (
            ONNXNode(
                name: node.name, operator: node.operator, inputs: inputs, outputs: node.outputs,
                attributes: attributes), constants
        )
    }
}
