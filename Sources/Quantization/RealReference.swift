// SPDX-License-Identifier: Apache-2.0

import IntegerNetworks
import ONNXModels
import TensorGraphs

/// The float model as quantization sees it: up to where the client's part begins, so that decisions are made on the
/// same outputs as the integer network's. Evaluated as ONNX says, with the rounding and saturation of its quantizations.
package struct RealReference: Sendable {
    private let reference: FloatReference

    /// - Throws: `ONNXError` or `QuantizationError`, naming the node that cannot be taken.
    package init(_ model: ONNXModel) throws {
        let graph = try model.tensorGraph()
        _ = try RealNetworkBuilder.build(graph, saturation: .neverBinds)
        let ending = try ModelEnding(graph)
        var inner = ending.graph
        inner.outputs = [ending.tail.value]
        reference = FloatReference(inner)
    }

    /// Real outputs of one sample, before the client's transform.
    ///
    /// - Throws: `QuantizationError.invalidSamples`.
    package func outputs(_ sample: [Float]) throws(QuantizationError) -> [Double] {
        do {
            return try reference.logits(sample).map { Double($0) }
        } catch {
            throw .invalidSamples(error.description)
        }
    }
}
