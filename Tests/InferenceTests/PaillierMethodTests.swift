// SPDX-License-Identifier: Apache-2.0

import BigIntegers
import Inference
import InferenceClient
import IntegerNetworks
import Paillier
import TestSupport
import Testing
import Threading
import Wire

/// Linear networks under Paillier: encrypted = integer reference, for one sample and for more than a ciphertext holds.
@Suite struct PaillierMethodTests {
    static let planner = Planner.insecure(degrees: [])

    /// Random networks of linear layers: dense, convolutions, several in a row.
    @Test(arguments: 0..<10) func encryptedEqualsReference(seed: Int) throws {
        var options = RandomGraph.Options()
        options.depth = 0
        options.isImage = seed % 2 == 1
        let network = try RandomGraph.make(seed: UInt64(seed), options: options)
        #expect(network.depth == 0)
        let plan = try Self.planner.plan(network, method: .paillier)
        let pair = try Pair(plan, threads: 2)
        let slots = try #require(plan.client.method as? PaillierSlots).slotCount
        var generator = SplitMix64(seed: UInt64(seed))
        for count in [1, slots, slots + 1, plan.client.samplesPerGroup + 1] {
            let inputs = (0..<count).map { _ in
                RandomNetwork.input(for: network, using: &generator)
            }
            let predictions = try pair.predictions(inputs)
            let expected = try inputs.map { try IntegerReference.logits(network, input: $0) }
            #expect(predictions.map(\.logits) == expected, "seed \(seed), \(count) samples")
        }
    }

    /// Layers that take back what those before them did: bounds of layer after layer are far wider than the outputs.
    @Test func rangesOfTheComposedMatrix() throws {
        let network = try IntegerNetwork(
            input: InputSpecification(shape: [2], range: -100...100, scale: 1),
            layers: [
                .dense(Dense(weights: [500, 1, 500, -1], bias: [7, 0], inputs: 2, outputs: 2)),
                .dense(Dense(weights: [1, -1], bias: [2], inputs: 2, outputs: 1)),
            ], outputScale: 1, labels: ["x"])
        let plan = try Self.planner.plan(network, method: .paillier)
        // 2 y + 9.
        #expect(plan.client.outputs.bounds.allSatisfy { $0.contains(-191) && $0.contains(209) })
        #expect(plan.client.outputs.widestRange < 1024)
        let read = try ClientPlan(serialized: plan.client.serialized(), allowInsecure: true)
        #expect(read == plan.client)
        #expect(try plan.proven().client == plan.client)
        let found = try Pair(plan).predictions([[100, -100], [-100, 100]])
        #expect(found.map(\.logits) == [[-191], [209]])
    }

    /// Sums that no machine word holds, at both ends of the box.
    @Test func sumsBeyondMachineWords() throws {
        let weight = Int64.max
        let dense = try Dense(
            weights: [weight, weight, weight, -weight, -weight, weight], bias: [weight, -weight],
            inputs: 3, outputs: 2)
        let range = -1_000_000...1_000_000
        let network = try IntegerNetwork(
            input: InputSpecification(shape: [3], range: range, scale: 1),
            layers: [.dense(dense)], outputScale: 1, labels: ["a", "b"])
        let pair = try Pair(Self.planner.plan(network, method: .paillier))
        let ends = [range.lowerBound, range.upperBound]
        let inputs = (0..<8).map { i in (0..<3).map { ends[i >> $0 & 1] } }
        let predictions = try pair.predictions(inputs)
        for (prediction, input) in zip(predictions, inputs) {
            let x = input.map { BigInt($0) }
            let w = BigInt(weight)
            #expect(
                prediction.logits == [w * (x[0] + x[1] + x[2] + 1), w * (x[2] - x[0] - x[1] - 1)])
        }
    }

    @Test func refusals() throws {
        let network = RandomNetwork.make(seed: 1)
        if network.depth > 0 {
            #expect(throws: PlanError.self) {
                try Self.planner.plan(network, method: .paillier)
            }
        }
        let dense = try Dense(weights: [Int64.max, 1], bias: [0], inputs: 2, outputs: 1)
        let wide = try IntegerNetwork(
            input: InputSpecification(shape: [2], range: 0...16_000_000, scale: 1),
            operations: [IntegerNetwork.Operation(.dense(dense), sources: [0])], outputScale: 1,
            labels: ["x"],
            decision: .regression)
        let plan = try Self.planner.plan(wide, method: .paillier)
        let client = try Client(plan.client)
        #expect(throws: InferenceError.self) { try client.encrypt(quantized: []) }
        #expect(throws: NetworkError.self) { try client.encrypt(quantized: [[1]]) }
        #expect(throws: NetworkError.self) { try client.encrypt(quantized: [[1, -1]]) }
        let other = try Planner.insecure(degrees: [], keySize: .insecure(bits: 256))
            .plan(wide, method: .paillier)
        #expect(throws: WireError.self) { try Server(other, keys: client.evaluationKeys()) }
    }

    private static func linear() throws -> IntegerNetwork {
        let dense = try Dense(
            weights: (0..<15).map { $0 * $0 - 50 }, bias: [9, -8, 7], inputs: 5, outputs: 3)
        return try IntegerNetwork(
            input: InputSpecification(shape: [5], range: -100...100, scale: 1),
            layers: [.dense(dense)], outputScale: 1, labels: ["a", "b", "c"])
    }

    /// A server that made masks ahead answers as one that didn't, and makes none for as many samples.
    @Test func repliesArePrepared() throws {
        let network = try Self.linear()
        let plan = try Self.planner.plan(network, method: .paillier)
        let pair = try Pair(plan)
        let slots = try #require(plan.client.method as? PaillierSlots).slotCount
        let predictor = try #require(pair.server.predictor as? PaillierPredictor)
        var generator = SplitMix64(seed: 4)
        let inputs = (0..<slots + 1).map { _ in RandomNetwork.input(for: network, using: &generator)
        }
        var parts: [Int] = []
        try pair.server.prepareReplies(samples: inputs.count) { ready, all in
            parts.append(ready)
            #expect(all == 2 * network.outputCount)
        }
        #expect(parts.last == 2 * network.outputCount)
        for missed in [0, 2 * network.outputCount] {
            #expect(
                try pair.predictions(inputs).map(\.logits)
                    == inputs.map { try IntegerReference.logits(network, input: $0) })
            #expect(predictor.masks.ready == 0 && predictor.masks.missed == missed)
        }
        // Other methods have nothing to prepare.
        let other = try Pair(
            Planner.insecure(degrees: [1024, 2048, 4096])
                .plan(network, method: .slots))
        try other.server.prepareReplies(samples: 10) { _, _ in Issue.record("it prepares") }
    }

    /// The options of a plan reach the masks.
    @Test func functionPrivacyReachesMasks() throws {
        let network = try Self.linear()
        let plan = try Self.planner.plan(network, method: .paillier)
        let key = PaillierSecretKey.generate(size: .insecure(bits: 512)).publicKey
        for bits in [0, 64] {
            let method = try PaillierPlan(
                network, outputs: plan.client.outputs, keySize: key.size,
                functionPrivacyBits: bits)
            let proven = try method.proven(network, outputs: plan.client.outputs)
            for method in [method, proven] {
                let predictor = try method.predictor(key, on: WorkerPool(threads: 1))
                #expect(
                    predictor.masks.source.table.exponentBits
                        == (bits == 0 ? key.size.bits / 2 : key.size.bits + bits))
            }
        }
    }
}
