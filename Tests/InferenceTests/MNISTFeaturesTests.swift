// SPDX-License-Identifier: Apache-2.0

import BigIntegers
import Foundation
import Inference
import InferenceClient
import IntegerNetworks
import ONNXModels
import Samples
import Testing

/// The shipped network under the method "features", at the security that it ships with.
@Suite struct MNISTFeaturesTests {
    private static let root = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    static let plan = Result {
        try Planner().plan(
            ONNXModel.load(path: root.appendingPathComponent("Models/mnist.onnx").path)
                .integerNetwork(), method: .features(samples: 8192))
    }

    @Test func parameters() throws {
        let plan = try Self.plan.get()
        #expect(plan.certificate.holds)
        #expect(plan.certificate.securityBits >= 128)
        #expect(plan.client.samplesPerGroup == 8192)
        #expect(plan.settings.parameters.plaintexts.count == 1)
        #expect(plan.settings.parameters.maximumLevel <= 4)
        #expect(plan.settings.keys.galois.isEmpty)
    }

    /// Bytes and counts are exact on any machine. A change that raises one must say why.
    @Test func costs() throws {
        let plan = try Self.plan.get()
        let cost = plan.cost
        #expect(cost.requestBytes <= 30_000 * 8192)
        #expect(cost.replyBytes <= 300 * 8192)
        #expect(plan.evaluation.memoryBytes <= 4_000_000_000)
        #expect(cost.requestBytes == 132_464_672)
        #expect(cost.replyBytes == 890_880)
        #expect(cost.evaluationKeyBytes == 1_035_328)
        let pinned = [
            "forward_ntts": 4230, "inverse_ntts": 1154, "decompositions": 138,
            "key_switches": 138, "special_divisions": 296, "plaintext_multiplications": 0,
            "multiplications": 2064, "modulus_switches": 148, "key_products": 5360,
            "plaintext_products": 0, "small_products": 734_688, "tensor_products": 8128,
            "expansions": 3136, "rerandomizations": 10,
        ]
        for (name, count) in plan.evaluation.operations.entries {
            #expect(count == pinned[name], "\(name)")
        }
    }

    /// The network of CryptoNets' topology: three ciphertext moduli, one plaintext modulus of 27 bits.
    @Test func cryptoNets() throws {
        let plan = try Planner().plan(
            ONNXModel.load(
                path: Self.root.appendingPathComponent("Models/cryptonets.onnx").path
            ).integerNetwork(), method: .features(samples: 8192))
        #expect(plan.certificate.holds && plan.certificate.securityBits >= 128)
        #expect(plan.client.samplesPerGroup == 8192)
        #expect(plan.settings.parameters.maximumLevel == 3)
        #expect(plan.cost.requestBytes == 105_168_928)
        #expect(plan.cost.replyBytes == 675_840)
        #expect(plan.cost.evaluationKeyBytes == 682_048)
        let pinned = [
            "forward_ntts": 2130, "inverse_ntts": 800, "decompositions": 110,
            "key_switches": 110, "special_divisions": 240, "plaintext_multiplications": 0,
            "multiplications": 945, "modulus_switches": 110, "key_products": 2520,
            "plaintext_products": 0, "small_products": 145_755, "tensor_products": 2735,
            "expansions": 2352, "rerandomizations": 10,
        ]
        for (name, count) in plan.evaluation.operations.entries {
            #expect(count == pinned[name], "\(name)")
        }
    }

    /// Every digit that ships, all in one group.
    @Test func shippedDigits() throws {
        let plan = try Self.plan.get()
        let images = try SampleFile.read(
            path: Self.root.appendingPathComponent("Samples/digits-images-idx3-ubyte").path)
        let pair = try Pair(plan, threads: 2)
        let samples = (0..<images.count).map { images.sample(at: $0) }
        let predictions = try pair.predictions(pair.client.quantize(samples))
        #expect(predictions.count == samples.count && samples.count >= 20)
        for (index, sample) in samples.enumerated() {
            let expected = try IntegerReference.logits(
                plan.network, input: plan.network.input.quantize(sample))
            #expect(predictions[index].logits == expected, "digit \(index)")
            #expect(predictions[index].index == index / 2, "digit \(index)")
        }
        #expect(
            pair.server.operations.counts == plan.evaluation.operations.counts)
    }
}
