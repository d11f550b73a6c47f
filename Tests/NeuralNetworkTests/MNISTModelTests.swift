// SPDX-License-Identifier: Apache-2.0

import BigIntegers
import IntegerNetworks
import ONNXModels
import Samples
import TensorGraphs
import Testing

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// The model that ships, on the digits that ship, against logits that another implementation computed.
@Suite struct MNISTModelTests {
    private struct Vectors: Decodable {
        let logits: [[String]]
    }

    private static let root = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    private func path(_ name: String) -> String { Self.root.appendingPathComponent(name).path }

    @Test func knownAnswers() throws {
        let model = try ONNXModel.load(path: path("Models/mnist.onnx"))
        let network = try model.integerNetwork()
        #expect(network.labels == (0...9).map(String.init))
        #expect(network.input.shape == [1, 28, 28])
        let digits = try LabelledSamples.load(directory: path("Samples"))
        let data = try Data(
            contentsOf: Self.root.appendingPathComponent("Tests/Vectors/mnist-digits.json"))
        let expected = try JSONDecoder().decode(Vectors.self, from: data).logits
        #expect(expected.count == digits.count && digits.count >= 20)

        let reference = IntegerReference(network)
        let floats = try FloatReference(model)
        let bounds = OutputBounds.certify(network, methods: [.rowSums])
        for index in 0..<digits.count {
            let sample = digits.samples.sample(at: index)
            let logits = try reference.logits(network.input.quantize(sample))
            #expect(logits.map(\.description) == expected[index], "digit \(index)")
            #expect(argmax(logits) == digits.labels[index], "digit \(index)")
            #expect(zip(bounds.outputs, logits).allSatisfy { $0.contains($1) }, "digit \(index)")
            // Float32 rounds sums, so close is all that can be asked.
            for (real, integer) in zip(try floats.logits(sample), logits) {
                let exact = try Double(#require(Int64(exactly: integer))) * network.units.scale
                #expect(abs(Double(real) - exact) < 1e-3, "digit \(index)")
            }
        }
    }

    @Test func semidefiniteBoundPays() throws {
        let network = try ONNXModel.load(path: path("Models/mnist.onnx")).integerNetwork()
        let intervals = OutputBounds.certify(network, methods: [.interval]).magnitude
        let all = OutputBounds.certify(network).magnitude
        // Two bits at least; more than three when this was written.
        #expect(all * 4 <= intervals, "\(all) of \(intervals)")
    }
}
