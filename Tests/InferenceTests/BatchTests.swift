import BFV
import BigIntegers
import Inference
import IntegerNetworks
import TestSupport
import Testing

/// The batch layout: encrypted = clear = integer reference for every sample of a group, and operations as the plan counts them.
@Suite struct BatchTests {
    static let planner = Planner.insecure(degrees: [64, 128, 256, 512, 1024])

    @Test(arguments: 0..<24) func encryptedEqualsReference(seed: Int) throws {
        try check(
            RandomNetwork.make(seed: UInt64(seed)), seed: UInt64(seed), samples: 1 << (seed % 7))
    }

    @Test(arguments: 100..<106) func convolutionsFirst(seed: Int) throws {
        var options = RandomNetwork.Options()
        options.startsWithConvolution = true
        options.linearLayers = 2...3
        options.side = 5...9
        options.maps = 1...5
        try check(
            RandomNetwork.make(seed: UInt64(seed), options: options), seed: UInt64(seed),
            samples: 50)
    }

    /// More features than the latency layout has slots, and more than a tile's block.
    @Test(arguments: [190, 193, 500]) func wideLayers(features: Int) throws {
        var options = RandomNetwork.Options()
        options.startsWithConvolution = false
        options.features = features...features
        options.hidden = 8...40
        options.outputs = 1...12
        options.linearLayers = 2...2
        let seed = UInt64(features)
        try check(RandomNetwork.make(seed: seed, options: options), seed: seed, samples: 3)
    }

    /// Branches, residual additions, products of two values: sources with other units, three polynomials beside two.
    @Test(arguments: 600..<620) func graphsOfFeatures(seed: Int) throws {
        try check(RandomGraph.make(seed: UInt64(seed)), seed: UInt64(seed), samples: 5)
    }

    @Test(arguments: 800..<804) func deepGraphs(seed: Int) throws {
        var options = RandomGraph.Options()
        options.features = 2...5
        options.operations = 6...10
        options.depth = 4
        options.weight = -1...2
        options.range = -1...1
        try check(
            RandomGraph.make(seed: UInt64(seed), options: options), seed: UInt64(seed), samples: 4)
    }

    /// Few samples take plaintext moduli with fewer slots where those are cheaper, many take as many slots as they fill.
    @Test func groupsFitTheSamples() throws {
        let network = RandomNetwork.make(seed: 3)
        let one = try Self.planner.plan(network, layout: .batch, samples: 1)
        let many = try Self.planner.plan(network, layout: .batch, samples: 10_000)
        #expect(one.client.samplesPerRequest <= many.client.samplesPerRequest)
    }

    /// Plans of one layout are refused by the other's client and server.
    @Test func layoutsAreNotMixed() throws {
        let network = RandomNetwork.make(seed: 5)
        let latency = try Self.planner.plan(network)
        let batch = try Self.planner.plan(network, layout: .batch, samples: 8)
        #expect(throws: InferenceError.wrongLayout(.latency)) {
            try BatchClient(plan: latency.client)
        }
        let client = try Client(plan: batch.client)
        let input = [Int](repeating: network.input.range.lowerBound, count: network.inputCount)
        #expect(throws: InferenceError.wrongLayout(.batch)) {
            try client.encrypt(quantized: input)
        }
        #expect(throws: InferenceError.wrongLayout(.batch)) {
            try Server(plan: batch, evaluationKeys: client.makeEvaluationKeys())
        }
        #expect(throws: InferenceError.wrongLayout(.latency)) {
            let client = try Client(plan: latency.client)
            return try BatchServer(plan: latency, evaluationKeys: client.makeEvaluationKeys())
        }
        let group = try BatchClient(client)
        let tooMany = [[Int]](repeating: input, count: group.capacity + 1)
        #expect(throws: InferenceError.self) { try group.encrypt(quantized: tooMany) }
        #expect(throws: InferenceError.self) { try group.encrypt(quantized: []) }
    }

    private func check(_ network: IntegerNetwork, seed: UInt64, samples: Int) throws {
        let plan = try Self.planner.plan(network, layout: .batch, samples: samples)
        #expect(plan.certificate.holds)
        #expect(plan.client.keys.rotations.isEmpty)
        let client = try BatchClient(plan: plan.client, threads: 2)
        let server = try BatchServer(
            plan: plan, evaluationKeys: client.makeEvaluationKeys(), threads: 2)
        var generator = SplitMix64(seed: seed ^ 0x5EED)
        let count = min(samples, client.capacity)
        let inputs = (0..<count).map { _ in RandomNetwork.input(for: network, using: &generator) }
        let expected = try inputs.map { try IntegerReference.logits(network, input: $0) }
        let clear = try ClearBatchPrediction(plan: plan).logits(of: inputs)
        #expect(clear == expected, "clear slots, seed \(seed)")
        let reply = try server.predict(client.encrypt(quantized: inputs))
        let predictions = try client.decrypt(reply)
        #expect(predictions.map(\.logits) == expected, "encrypted, seed \(seed)")
        #expect(predictions.noiseMarginBits > 0, "seed \(seed)")
        #expect(predictions.map(\.index) == expected.map { argmax($0) }, "seed \(seed)")
        #expect(
            server.operations.dictionary.map(\.count)
                == plan.cost.operations.dictionary.map(\.count),
            "counts, seed \(seed)")
    }
}
