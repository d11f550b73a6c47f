import BigIntegers
import NeuralNetwork
import RLWE
import Testing
import TestSupport

import Inference

@Suite struct EndToEndTests {
    @Test func mnistShape() throws {
        var random = SplitMix64(seed: 1)
        let conv = try Convolution(
            weights: (0..<16 * 25).map { _ in Int64.random(in: -3...3, using: &random) },
            bias: (0..<16).map { _ in Int64.random(in: -5...5, using: &random) },
            inputShape: ImageShape(channels: 1, height: 28, width: 28),
            kernel: Extent(height: 5, width: 5), strides: Extent(height: 2, width: 2),
            padding: Padding(top: 1, left: 1, bottom: 1, right: 1))
        let d1 = try Dense(
            weights: (0..<2704 * 100).map { _ in Int64.random(in: -1...1, using: &random) },
            bias: (0..<100).map { _ in Int64.random(in: -50...50, using: &random) }, inputs: 2704,
            outputs: 100)
        let d2 = try Dense(
            weights: (0..<1000).map { _ in Int64.random(in: -3...3, using: &random) },
            bias: (0..<10).map { _ in Int64.random(in: -50...50, using: &random) }, inputs: 100,
            outputs: 10)
        let network = try IntegerNetwork(
            input: InputSpecification(shape: [1, 28, 28], range: 0...7, scale: 1),
            layers: [
                .convolution(conv), .square(count: 2704), .dense(d1), .square(count: 100),
                .dense(d2),
            ], outputScale: 1, labels: IntegerNetwork.defaultLabels(10))
        let bound = BigInt(1) << 47
        let clock = ContinuousClock()
        var plan: Plan!
        print("plan", try clock.measure {
            plan = try Planner().plan(
                network, outputBounds: Array(repeating: -bound...bound, count: 10),
                boundMethod: "given")
        })
        let p = plan.choices.parameters
        print("N", p.degree, "Q", p.ciphertextModuli.map { 64 - $0.leadingZeroBitCount }, "P", 64 - p.specialModulus.leadingZeroBitCount, "t", p.plaintextModuli, "log QP", p.keyModulus.bitLength)
        print("levels", plan.choices.levels)
        print("relin", plan.choices.keys.relinearization as Any)
        for (k, g) in plan.choices.keys.rotations.sorted(by: { $0.key < $1.key }) { print(k.rotation, k.swapsRows, g.level, g.digitBits) }
        print("margins", plan.certificate.noiseMarginBits, plan.choices.replyC0Bits, plan.choices.replyC1Bits)
        print(plan.cost)
        let client = try Client(plan: plan.client)
        var keys: EvaluationKeys!
        print("keys", try clock.measure { keys = try client.makeEvaluationKeys() })
        var server: Server!
        print("server", try clock.measure { server = try Server(plan: plan, evaluationKeys: keys) })
        let input = (0..<784).map { _ in Int.random(in: 0...7, using: &random) }
        var sample: EncryptedSample!
        print("encrypt", try clock.measure { sample = try client.encrypt(quantized: input) })
        var reply: EncryptedReply!
        for _ in 0..<3 { print("predict", try clock.measure { reply = try server.predict(sample) }) }
        var prediction: Prediction!
        print("decrypt", try clock.measure { prediction = try client.decrypt(reply) })
        print("margin", prediction.noiseMarginBits)
        let expected = try IntegerReference.logits(network, input: input)
        #expect(prediction.logits == expected)
    }
}
