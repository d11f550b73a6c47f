// SPDX-License-Identifier: Apache-2.0

import ONNXModels
import SwiftProtobuf

/// What the graphs of other tests than the importer's need besides.
extension ONNXBuilder {
    /// A builder whose graph reads "x" of these sizes.
    init(input shape: [Int?]) {
        self.init(style: Style())
        graph.input = [Self.info("x", shape)]
    }

    private mutating func append(_ attribute: ONNXAttributeProto) {
        graph.node[graph.node.count - 1].attribute.append(attribute)
    }

    mutating func attribute(_ name: String, _ value: Float) {
        var attribute = ONNXAttributeProto()
        attribute.name = name
        attribute.type = 1
        attribute.f = value
        append(attribute)
    }

    mutating func attribute(_ name: String, _ values: [Float]) {
        var attribute = ONNXAttributeProto()
        attribute.name = name
        attribute.type = 6
        attribute.floats = values
        append(attribute)
    }

    mutating func attribute(_ name: String, _ values: [String]) {
        var attribute = ONNXAttributeProto()
        attribute.name = name
        attribute.type = 8
        attribute.strings = values.map { .init($0.utf8) }
        append(attribute)
    }

    mutating func integers(_ values: [Int64]) -> String {
        integers("integers", values, dims: [values.count], type: .int64)
    }

    /// A node of ai.onnx.ml with a label and scores, or with its one output.
    mutating func classical(_ operation: String, _ inputs: [String], outputs: Int = 1) -> [String] {
        let name = node(operation, inputs)
        let last = graph.node.count - 1
        graph.node[last].domain = "ai.onnx.ml"
        if outputs == 2 { graph.node[last].output.insert(name + "_label", at: 0) }
        return graph.node[last].output
    }

    /// The model that puts out these values; those that end in "label" are integers.
    func model(_ outputs: [String], operatorSet: Int64 = 17) -> ONNXModelProto {
        var graph = graph
        graph.output = outputs.map { name in
            var info = Self.info(name, [1, nil])
            if name.hasSuffix("label") { info.type.tensorType.elemType = 7 }
            return info
        }
        var model = Self.model(graph)
        model.opsetImport[0].version = operatorSet
        var classical = ONNXOperatorSetIdProto()
        classical.domain = "ai.onnx.ml"
        classical.version = 3
        model.opsetImport.append(classical)
        return model
    }
}
