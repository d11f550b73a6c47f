// SPDX-License-Identifier: Apache-2.0

import IntegerNetworks
import ONNXModels
import TensorGraphs

/// The float model as quantization sees it: up to where the client's part begins, so that decisions are made on the
/// same outputs as the integer network's. Evaluated as ONNX says, with the rounding and saturation of its quantizations.
package struct RealReference: Sendable {
    private let reference: FloatReference
    private let program: InputProgram?

    /// - Throws: `ONNXError` or `QuantizationError`, naming the node that cannot be taken.
    package init(_ model: ONNXModel) throws {
        let split = try InputSplit(model.tensorGraph())
        let graph = split.graph
        program = split.program
        _ = try RealNetworkBuilder.build(graph, saturation: .neverBinds)
        let ending = try ModelEnding(graph)
        var inner = ending.graph
        inner.outputs = [ending.tail.value]
        reference = FloatReference(inner)
    }

    /// Real outputs of one sample, as the model takes it, before the client's transform.
    ///
    /// - Throws: `QuantizationError.invalidSamples`.
    package func outputs(_ sample: [Float]) throws(QuantizationError) -> [Double] {
        do {
            let input = try program?.evaluate(sample) ?? sample
            return try reference.logits(input).map { Double($0) }
        } catch {
            throw .invalidSamples("\(error)")
        }
    }
}
