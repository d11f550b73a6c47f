import BigIntegers
import Inference
import NeuralNetwork
import RLWE
import TestSupport
import Testing

/// Encrypted = clear slots = integer reference, on networks made at random. Every failing case names the seed that
/// repeats it.
@Suite struct RandomNetworkTests {
    /// Small rings without security, so that many networks run in seconds.
    static let planner = Planner.insecure(degrees: [64, 128, 256, 512, 1024])

    @Test(arguments: 0..<40) func encryptedEqualsReference(seed: Int) throws {
        try check(RandomNetwork.make(seed: UInt64(seed)), seed: UInt64(seed))
    }

    @Test(arguments: 100..<112) func convolutionsFirst(seed: Int) throws {
        var options = RandomNetwork.Options()
        options.startsWithConvolution = true
        options.linearLayers = 2...3
        options.side = 5...9
        options.maps = 1...5
        try check(RandomNetwork.make(seed: UInt64(seed), options: options), seed: UInt64(seed))
    }

    @Test(arguments: 200..<212) func wideLayers(seed: Int) throws {
        var options = RandomNetwork.Options()
        options.startsWithConvolution = false
        options.features = 20...90
        options.hidden = 8...40
        options.outputs = 1...12
        options.linearLayers = 1...2
        try check(RandomNetwork.make(seed: UInt64(seed), options: options), seed: UInt64(seed))
    }

    private func check(_ network: IntegerNetwork, seed: UInt64) throws {
        let plan = try Self.planner.plan(network)
        #expect(plan.certificate.holds)
        let client = try Client(plan: plan.client)
        let keys = try client.makeEvaluationKeys()
        let server = try Server(plan: plan, evaluationKeys: keys)
        var generator = SplitMix64(seed: seed ^ 0x5EED)
        for round in 0..<3 {
            let input = RandomNetwork.input(for: network, using: &generator)
            let expected = try IntegerReference.logits(network, input: input)
            let clear = try ClearPrediction(plan: plan).logits(of: input)
            #expect(clear == expected, "clear slots, seed \(seed), sample \(round)")
            let before = server.operations
            let reply = try server.predict(client.encrypt(quantized: input))
            let prediction = try client.decrypt(reply)
            #expect(prediction.logits == expected, "encrypted, seed \(seed), sample \(round)")
            #expect(prediction.noiseMarginBits > 0, "seed \(seed), sample \(round)")
            #expect(
                prediction.index == argmax(expected), "seed \(seed)")
            #expect(
                difference(server.operations, before) == counts(plan.cost.operations),
                "counts, seed \(seed)")
        }
    }

    private func counts(_ operations: OperationCounts) -> [Int] {
        operations.dictionary.map(\.count)
    }

    private func difference(_ a: OperationCounts, _ b: OperationCounts) -> [Int] {
        zip(counts(a), counts(b)).map { $0 - $1 }
    }
}
