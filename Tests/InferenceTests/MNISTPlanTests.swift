// SPDX-License-Identifier: Apache-2.0

import BFV
import BigIntegers
import Foundation
import Inference
import InferenceClient
import IntegerNetworks
import ONNXModels
import Samples
import TestSupport
import Testing

/// The shipped model, at full size and real security, on the project's own digits.
@Suite struct MNISTPlanTests {
    static let root = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    static let network = Result {
        try ONNXModel.load(path: root.appendingPathComponent("Models/mnist.onnx").path)
            .integerNetwork()
    }
    static let plan = Result { try Planner().plan(network.get(), method: .slots) }

    struct KnownAnswers: Decodable {
        let logits: [[String]]
    }

    @Test func certificate() throws {
        let certificate = try Self.plan.get().certificate
        #expect(certificate.holds)
        #expect(certificate.securityBits == 128)
        let parameters = try Self.plan.get().settings.parameters
        #expect(parameters.degree == 8192)
        #expect(parameters.keyModulus <= BigInt(1) << 214)
        // The proven range itself, so that a bound that became tighter or wider is seen.
        let proven = try OutputBounds.certify(Self.network.get()).outputs
        let widest = proven.map { $0.upperBound - $0.lowerBound }.max()!
        #expect(abs((widest + 1).log2Upper - 34.4924) < 0.0001)
        // What clients are told is no narrower.
        let told = try Self.plan.get().client.outputs.bounds
        #expect(
            zip(told, proven).allSatisfy {
                $0.contains($1.lowerBound) && $0.contains($1.upperBound)
            })
        #expect(parameters.plaintextModuli == [24_178_360_321])
        #expect(certificate.noiseMarginBits.allSatisfy { $0 > 0 })
    }

    /// Bytes and counts are exact on any machine. A change that raises one must say why.
    @Test func costs() throws {
        let cost = try Self.plan.get().cost
        #expect(cost.requestBytes == 136_224)
        #expect(cost.replyBytes == 33_792)
        #expect(cost.evaluationKeyBytes == 17_294_336)
        let pinned = [
            "forward_ntts": 246, "inverse_ntts": 83, "decompositions": 16, "key_switches": 36,
            "special_divisions": 26, "plaintext_multiplications": 145, "multiplications": 2,
            "modulus_switches": 3, "key_products": 980, "plaintext_products": 1186,
            "small_products": 0, "tensor_products": 0, "expansions": 0,
            "rerandomizations": 1,
        ]
        let counts = try Self.plan.get().evaluation.operations.entries
        #expect(counts.count == pinned.count)
        for (name, count) in counts { #expect(count == pinned[name], "\(name)") }
    }

    /// Every digit that ships: the encrypted logits are the known ones, integer for integer, and the run makes exactly
    /// the operations that the plan counted.
    @Test func shippedDigits() throws {
        let plan = try Self.plan.get()
        let answers = try JSONDecoder().decode(
            KnownAnswers.self,
            from: Data(
                contentsOf: Self.root.appendingPathComponent("Tests/Vectors/mnist-digits.json")))
        let images = try SampleFile.read(
            path: Self.root.appendingPathComponent("Samples/digits-images-idx3-ubyte").path)
        #expect(images.count == answers.logits.count && images.count >= 20)
        let pair = try Pair(plan, threads: 2)
        for index in 0..<images.count {
            let sample = images.sample(at: index)
            let prediction = try pair.predictions(pair.client.quantize([sample]))[0]
            #expect(prediction.logits.map(\.description) == answers.logits[index], "digit \(index)")
            #expect(prediction.index == index / 2, "digit \(index)")
        }
        let expected = plan.evaluation.operations.entries
        let made = pair.server.operations.entries
        for (planned, run) in zip(expected, made) {
            #expect(run.count == planned.count * images.count, "\(planned.name)")
        }
    }
}
