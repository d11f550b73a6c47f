// SPDX-License-Identifier: Apache-2.0

import IntegerNetworks

/// A float model with polynomials in place of its activations: what the integers approximate.
package struct PolynomialNetwork: Sendable {
    package let network: RealNetwork

    package init(_ network: RealNetwork) { self.network = network }

    package var decision: Decision { network.decision }
    package var labels: [String] { network.labels }

    /// Real outputs of samples, before the client's transform.
    ///
    /// - Parameter samples: as the model takes them.
    /// - Throws: `QuantizationError.invalidSamples`.
    package func outputs(_ samples: [[Float]]) throws(QuantizationError) -> [[Double]] {
        let count = network.inputCount
        guard samples.allSatisfy({ $0.count == count && $0.allSatisfy(\.isFinite) }) else {
            throw .invalidSamples("\(count) finite values each are expected")
        }
        var results: [[Double]] = []
        results.reserveCapacity(samples.count)
        for start in stride(from: 0, to: samples.count, by: 256) {
            let part = samples[start..<min(start + 256, samples.count)].map(network.prepare)
            let outputs = network.evaluate(SampleMatrix(part, count: count))[network.output]
            results += (0..<part.count).map { outputs.sample($0) }
        }
        return results
    }
}
