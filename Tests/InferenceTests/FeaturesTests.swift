// SPDX-License-Identifier: Apache-2.0

import BFV
import BigIntegers
import Inference
import InferenceClient
import IntegerNetworks
import Lattice
import Ring
import TestSupport
import Testing
import Threading

/// The method "features": encrypted = clear = integer reference for every sample of a group, and operations as the plan
/// counts them.
@Suite struct FeaturesTests {
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

    /// More features than the method "slots" has slots, and more than a tile's block.
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

    /// So many features for each output that they are added up block by block: the last block shorter, of one, or none.
    @Test(arguments: [1024, 1025, 1100], 1...2) func manyFeaturesBecomeFew(
        features: Int, linearLayers: Int
    ) throws {
        var options = RandomNetwork.Options()
        options.startsWithConvolution = false
        options.features = features...features
        options.hidden = 3...6
        options.outputs = features == 1025 ? 1...1 : 2...4
        options.linearLayers = linearLayers...linearLayers
        let seed = UInt64(features + linearLayers)
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

    /// Few samples take plaintext moduli with fewer slots where those are cheaper, many take as many slots as they
    /// fill.
    @Test func groupsFitTheSamples() throws {
        let network = RandomNetwork.make(seed: 3)
        let one = try Self.planner.plan(network, method: .features(samples: 1))
        let many = try Self.planner.plan(network, method: .features(samples: 10_000))
        #expect(one.client.samplesPerGroup <= many.client.samplesPerGroup)
    }

    /// Groups hold as many samples as there are slots, and at least one.
    @Test func groupsAreNeverTooFull() throws {
        let network = RandomNetwork.make(seed: 5)
        let plan = try Self.planner.plan(network, method: .features(samples: 8))
        let client = try Client(plan.client)
        let input = [Int](repeating: network.input.range.lowerBound, count: network.inputCount)
        let tooMany = [[Int]](repeating: input, count: plan.client.samplesPerGroup + 1)
        #expect(throws: InferenceError.self) {
            try client.encryptGroup(tooMany[...], index: 0, of: 1)
        }
        #expect(throws: InferenceError.self) { try client.encrypt(quantized: []) }
        #expect(try client.encrypt(quantized: tooMany).groups.count == 2)
    }

    /// Replies that hide the weights, with relinearizations after the map whose weights are drawn anew.
    @Test(arguments: [40, 64, 80], 0..<8) func hidden(bits: Int, seed: Int) throws {
        var planner = Planner.insecure(degrees: [64, 128])
        planner.functionPrivacyBits = bits
        for network in try [
            RandomNetwork.make(seed: UInt64(seed)), RandomGraph.make(seed: UInt64(900 + seed)),
        ] {
            try check(network, seed: UInt64(seed), samples: 3, planner: planner)
        }
    }

    private func check(
        _ network: IntegerNetwork, seed: UInt64, samples: Int, planner: Planner = Self.planner
    ) throws {
        let plan = try planner.plan(network, method: .features(samples: samples))
        #expect(plan.certificate.holds)
        #expect(plan.settings.keys.galois.isEmpty)
        let pair = try Pair(plan, threads: 2)
        var generator = SplitMix64(seed: seed ^ 0x5EED)
        let count = min(samples, plan.client.samplesPerGroup)
        let inputs = (0..<count).map { _ in RandomNetwork.input(for: network, using: &generator) }
        let expected = try inputs.map { try IntegerReference.logits(network, input: $0) }
        let clear = try plan.features.clearLogits(of: inputs, outputs: plan.client.outputs)
        #expect(clear == expected, "clear slots, seed \(seed)")
        let predictions = try pair.predictions(inputs)
        #expect(predictions.map(\.logits) == expected, "encrypted, seed \(seed)")
        #expect(predictions.noiseMarginBits > 0, "seed \(seed)")
        #expect(predictions.map(\.index) == expected.map { argmax($0) }, "seed \(seed)")
        #expect(
            pair.server.operations.counts == plan.evaluation.operations.counts,
            "counts, seed \(seed)")
    }
}

/// What groups that aren't full send.
@Suite struct IdleSlotTests {
    /// Samples once more, in turn: nothing else that a server would answer.
    @Test func holdSamplesOfTheGroup() throws {
        let plan = try FeaturesTests.planner.plan(
            RandomNetwork.make(seed: 7), method: .features(samples: 3))
        let context = try BFVContext(plan.settings.parameters)
        let key = SecretKey(context: context)
        var generator = SplitMix64(seed: 7)
        let samples = (0..<3).map { _ in
            RandomNetwork.input(for: plan.network, using: &generator)
        }
        let request = try plan.features.client.encrypt(
            samples[...], Encryptor(context: context, secretKey: key), on: WorkerPool(threads: 1)
        ) { _, _ in }
        let t = plan.settings.parameters.plaintextModuli[0]
        for feature in 0..<plan.network.inputCount {
            var parts = (0..<2).map { _ in
                Polynomial<NTTValues>(zero: context.basis(level: context.maximumLevel))
            }
            for limb in 0..<context.maximumLevel {
                let good = request.expand(
                    feature, limb: limb, c0: parts[0].mutableLimb(limb),
                    c1: parts[1].mutableLimb(limb))
                #expect(good)
            }
            let slots = try Decryptor(context: context, secretKey: key).decrypt(
                Ciphertext(polynomials: parts, plaintextIndex: 0)
            ).slots
            for (slot, value) in slots.enumerated() {
                let expected = ModularArithmetic.reduce(
                    Int64(samples[slot % 3][feature]), modulo: t)
                #expect(value == expected)
            }
        }
    }
}
