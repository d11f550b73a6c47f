// SPDX-License-Identifier: Apache-2.0

import IntegerNetworks
import TensorGraphs

/// What the client does after decryption. A model with one output of scores that ends in a softmax, a sigmoid or nothing
/// at all needs a decision and a transform; any other a program, so that each output is there by its name.
struct ModelEnding {
    let graph: TensorGraph
    let tail: NetworkTail
    let program: OutputProgram?

    init(_ model: TensorGraph) throws(QuantizationError) {
        let usual = try NetworkTail.find(model)
        let split = try OutputSplit(model)
        let isUsual =
            model.outputs.count == 1 && model.meanings[0] == .real && split.value == usual.value
        if isUsual, usual.isWhole, split.unmoved == nil {
            (graph, tail, program) = (model, usual, nil)
            return
        }
        // What precedes it was moved already, or it can't be moved.
        if let left = split.unmoved {
            throw .invalidNetwork(
                "node '\(left)' can't be left to the client: it lies between weights that stay with the server, or is a layer that no client does"
            )
        }
        graph = split.graph
        program = try split.program()
        tail = NetworkTail(
            value: split.value,
            decision: isUsual ? usual.decision : split.decision ?? .regression, cut: split.cut)
    }
}
