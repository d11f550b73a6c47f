// SPDX-License-Identifier: Apache-2.0

import IntegerNetworks
import ONNXModels
import TensorGraphs

/// The float model as quantization sees it: up to where the client's part begins, so that decisions are made on the
/// same outputs as the integer network's. Evaluated as ONNX says, with the rounding and saturation of its quantizations.
package struct RealReference: Sendable {
    private let reference: FloatReference
    package let decision: Decision

    /// - Throws: `ONNXError` or `QuantizationError`, naming the node that cannot be taken.
    package init(_ model: ONNXModel) throws {
        var graph = try model.tensorGraph()
        decision = try RealNetworkBuilder.build(graph, saturation: .neverBinds).decision
        graph.outputs = [try NetworkTail.find(graph).value]
        reference = FloatReference(graph)
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
