// SPDX-License-Identifier: Apache-2.0

import IntegerNetworks
import ONNXModels

/// The float model as quantization sees it: up to where the client's part begins, so that decisions are made on the
/// same outputs as the integer network's.
package struct RealReference: Sendable {
    private let network: PolynomialNetwork

    /// - Throws: `ONNXError` or `QuantizationError`, naming the node that cannot be taken.
    package init(_ model: ONNXModel) throws {
        network = PolynomialNetwork(try RealNetworkBuilder.build(model.tensorGraph()))
    }

    package var decision: Decision { network.decision }

    /// Real outputs of one sample, before the client's transform.
    ///
    /// - Throws: `QuantizationError.invalidSamples`.
    package func outputs(_ sample: [Float]) throws(QuantizationError) -> [Double] {
        try network.outputs([sample])[0]
    }
}
