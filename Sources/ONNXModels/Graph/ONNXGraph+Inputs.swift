// SPDX-License-Identifier: Apache-2.0

import IntegerNetworks

/// Inputs of a model that takes a table: a column each, or several of one type.
extension ONNXGraph {
    struct Input: Sendable {
        let name: String
        /// Sizes with the batch, which is 1.
        let shape: [Int]
        /// nil: strings.
        let type: ONNXElementType?

        var count: Int { shape.reduce(1, *) }
    }

    static let maximumInputs = 4096

    static func isText(_ info: ONNXValueInfoProto) -> Bool {
        info.type.tensorType.elemType == ONNXElementType.string.rawValue
    }

    static func inputs(_ infos: [ONNXValueInfoProto]) throws(ONNXError) -> [Input] {
        guard infos.count <= maximumInputs else {
            throw .unsupportedModel(
                "the model has \(infos.count) inputs; at most \(maximumInputs) are taken")
        }
        var inputs: [Input] = []
        var total = 0
        for info in infos {
            let (shape, fixedBatch) = try inputShape(info, for: .serving)
            guard fixedBatch == 1 else {
                throw .unsupportedModel(
                    "input '\(info.name)': a batch of \(fixedBatch) beside other inputs; export the model with a batch of 1 or a symbol"
                )
            }
            let type = isText(info) ? nil : try inputType(info)
            let input = Input(name: info.name, shape: shape, type: type)
            total += input.count
            guard total <= IntegerNetwork.maximumElements else {
                throw .unsupportedModel(
                    "more than \(IntegerNetwork.maximumElements) values of inputs")
            }
            inputs.append(input)
        }
        return inputs
    }
}
