// SPDX-License-Identifier: Apache-2.0

/// The graph that an attribute of If or Loop holds: nodes that may read the values around them.
package struct ONNXBody: Sendable {
    let inputs: [String]
    let outputs: [String]
    let nodes: [ONNXNode]
    let constants: [String: ONNXTensor]

    /// Numbers stored in it.
    var count: Int {
        nodes.reduce(constants.values.reduce(0) { $0 + $1.count }) { $0 + $1.storedCount }
    }

    /// Names that it reads, its own included.
    var names: Set<String> {
        var names = Set(outputs)
        for node in nodes {
            names.formUnion(node.inputs)
            for body in node.bodies { names.formUnion(body.names) }
        }
        return names
    }

    init(_ proto: ONNXGraphProto, operatorSet: Int) throws(ONNXError) {
        var constants = try ONNXGraph.initializers(proto)
        nodes = try ONNXGraph.nodes(
            proto.node, operatorSet: operatorSet, constants: &constants)
        self.constants = constants
        inputs = proto.input.map(\.name)
        outputs = proto.output.map(\.name)
    }
}
