// SPDX-License-Identifier: Apache-2.0

import TensorGraphs

extension FloatReference {
    /// Resolves shapes and folds constants: once for many samples.
    ///
    /// - Throws: `ONNXError` naming the node that cannot be evaluated.
    package init(_ model: ONNXModel) throws(ONNXError) {
        let graph = try model.tensorGraph()
        let names = model.graph.use == .serving ? [] : model.graph.outputs.map(\.name)
        self.init(graph, scores: names.firstIndex(of: model.graph.outputName) ?? 0)
    }
}
