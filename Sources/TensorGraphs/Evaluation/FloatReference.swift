// SPDX-License-Identifier: Apache-2.0

import IntegerNetworks

/// Evaluates a tensor graph in Float32, with the operators as ONNX defines them: what any other runtime computes, up to
/// the order of its sums.
package struct FloatReference: Sendable {
    let graph: TensorGraph
    /// Place of the scores among the graph's outputs.
    private let scores: Int
    let inputCount: Int
    package let outputCount: Int

    /// - Parameters:
    ///   - graph: as an import gives it, with one output at least.
    ///   - scores: the output that `logits` gives.
    package init(_ graph: TensorGraph, scores: Int = 0) {
        precondition(graph.outputs.indices.contains(scores))
        self.graph = graph
        self.scores = scores
        inputCount = graph.values[0].count
        outputCount = graph.values[graph.outputs[scores]].count
    }

    /// The model's real outputs for one sample.
    ///
    /// - Parameter sample: as many reals as a sample has, row-major.
    /// - Throws: `NetworkError.wrongCount`.
    package func logits(_ sample: [Float]) throws(NetworkError) -> [Float] {
        try evaluate(sample)[graph.outputs[scores]]
    }

    /// All outputs, in the graph's order.
    package func outputs(_ sample: [Float]) throws(NetworkError) -> [[Float]] {
        let values = try evaluate(sample)
        return graph.outputs.map { values[$0] }
    }

    /// Every value of the graph, by its index.
    package func evaluate(_ sample: [Float]) throws(NetworkError) -> [[Float]] {
        guard sample.count == inputCount else {
            throw .wrongCount(of: "the sample", expected: inputCount, found: sample.count)
        }
        var values = [[Float]](repeating: [], count: graph.values.count)
        values[0] = sample
        for node in graph.nodes {
            values[node.output] = node.operation.evaluate(node.inputs.map { values[$0] })
        }
        return values
    }
}
