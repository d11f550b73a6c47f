// SPDX-License-Identifier: Apache-2.0

import BFV
import Inference
import InferenceClient
import IntegerNetworks
import TestSupport
import Testing

/// Several samples side by side in the slots of one group.
@Suite struct SideBySideTests {
    private static let planner = Planner.insecure(degrees: [128, 256, 512, 1024])

    /// With each index, in groups that are full and others.
    @Test func networks() throws {
        var indices: Set<Int> = []
        for seed: UInt64 in 0..<24 {
            var options = RandomNetwork.Options()
            options.startsWithConvolution = seed % 2 == 0
            if let index = try check(
                RandomNetwork.make(seed: seed, options: options), seed: seed)
            {
                indices.insert(index)
            }
        }
        #expect(indices.isSuperset(of: [1, 2, 4]))
    }

    @Test(arguments: 0..<12) func graphs(seed: Int) throws {
        var options = RandomGraph.Options()
        options.isImage = seed % 2 == 0
        try check(RandomGraph.make(seed: UInt64(seed), options: options), seed: UInt64(seed))
    }

    /// - Returns: the index of a plan of several samples a group.
    @discardableResult
    private func check(_ network: IntegerNetwork, seed: UInt64) throws -> Int? {
        let samples = 2 << Int(seed % 3)
        let plan = try Self.planner.plan(network, method: MethodChoice(.slots, samples: samples))
        #expect(plan.certificate.holds)
        let pair = try Pair(plan)
        let capacity = plan.client.samplesPerGroup
        #expect(capacity <= samples)
        var generator = SplitMix64(seed: seed)
        for count in Set([capacity, max(1, capacity - 1), capacity + 1]) {
            let inputs = (0..<count).map { _ in
                RandomNetwork.input(for: network, using: &generator)
            }
            let found = try pair.predictions(inputs)
            for (input, prediction) in zip(inputs, found) {
                let expected = try IntegerReference.logits(network, input: input)
                #expect(prediction.logits == expected, "seed \(seed), \(count) samples")
            }
            let clear = try plan.slots.clearLogits(
                of: Array(inputs.prefix(capacity)), outputs: plan.client.outputs)
            #expect(clear == found.prefix(capacity).map(\.logits))
        }
        return capacity > 1 ? plan.settings.parameters.slots.index : nil
    }

    /// One sample's slots say nothing of another's, also where it is all that changes.
    @Test func samplesDoNotMix() throws {
        let network = try RandomNetwork.make(seed: 3)
        let plan = try Self.planner.plan(network, method: MethodChoice(.slots, samples: 4))
        try #require(plan.client.samplesPerGroup > 1)
        let pair = try Pair(plan)
        let ends = [network.input.range.lowerBound, network.input.range.upperBound]
        let count = network.inputCount
        let expected = try IntegerReference.logits(
            network, input: [Int](repeating: ends[0], count: count))
        for other in ends {
            let group = [ends[0], other, other, other].prefix(plan.client.samplesPerGroup).map {
                [Int](repeating: $0, count: count)
            }
            #expect(try pair.predictions(Array(group))[0].logits == expected)
        }
    }

    /// Counts are those of one group, whatever it holds; a sample takes less of it than alone.
    @Test func groupsCostLessASample() throws {
        let network = try RandomNetwork.make(seed: 5)
        let one = try Self.planner.plan(network, method: .slots)
        let plan = try Self.planner.plan(network, method: MethodChoice(.slots, samples: 8))
        #expect(one.client.samplesPerGroup == 1)
        let capacity = plan.client.samplesPerGroup
        try #require(capacity > 1)
        #expect(plan.seconds(samples: capacity) < Double(capacity) * one.seconds(samples: 1))
        #expect(
            plan.seconds(samples: capacity + 1) == 2 * plan.seconds(samples: capacity))
        #expect(plan.client.groupCount(of: 2 * capacity + 1) == 3)
        let pair = try Pair(plan)
        var generator = SplitMix64(seed: 1)
        for count in [1, capacity] {
            let inputs = (0..<count).map { _ in
                RandomNetwork.input(for: network, using: &generator)
            }
            let before = pair.server.operations
            _ = try pair.predictions(inputs)
            let made = pair.server.operations.entries.map { $0.count - (before[$0.name] ?? 0) }
            #expect(made == plan.evaluation.operations.counts)
        }
    }

    /// Slots of samples that aren't there hold others again: outputs of zeros would be a sample's more.
    @Test func idleSlotsHoldSamplesAgain() {
        let samples = [[1, 2], [3, 4], [5, 6]]
        #expect(Slots.inputs(samples[...], of: 4) == [1, 2, 3, 4, 5, 6, 1, 2])
        #expect(Slots.inputs(samples[1...1], of: 4) == [3, 4, 3, 4, 3, 4, 3, 4])
        #expect(Slots.inputs(samples[...], of: 8).count == 16)
    }

    /// A plan's file says how many samples lie side by side, and replans lie as it says.
    @Test func plansSayHowMany() throws {
        let network = try RandomNetwork.make(seed: 5)
        let plan = try Self.planner.plan(network, method: MethodChoice(.slots, samples: 4))
        try #require(plan.client.samplesPerGroup > 1)
        let read = try Plan(serialized: plan.serialized(), allowInsecure: true)
        #expect(read.client.samplesPerGroup == plan.client.samplesPerGroup)
        #expect(read.slots.choices == plan.slots.choices)
        let within = try Self.planner.plan(
            network, method: MethodChoice(.slots, samples: 4), within: plan.client)
        #expect(within.client.samplesPerGroup == plan.client.samplesPerGroup)
        #expect(
            within.seconds(samples: 4) <= plan.seconds(samples: 4))
    }

    /// Trees of several questions take the slots of their ciphertexts as they are.
    @Test func treesLieAlone() throws {
        let forest = try Forest(
            chains: [5, 6], leafCount: 4, roots: [0],
            splits: [
                Forest.Split(condition: 0, whenTrue: 1, whenFalse: 2),
                Forest.Split(condition: 5, whenTrue: -1, whenFalse: -2),
                Forest.Split(condition: 6, whenTrue: -3, whenFalse: -4),
            ])
        let network = try IntegerNetwork(
            input: InputSpecification(shape: [11], range: 0...1, scale: 1),
            operations: [
                .init(.forest(forest), sources: [0]),
                .init(
                    .dense(Dense(weights: [1, 2, 3, 4], bias: [0], inputs: 4, outputs: 1)),
                    sources: [1]),
            ], outputScale: 1, labels: ["y"], decision: .regression)
        let planner = Planner.insecure(degrees: [512, 1024])
        let plan = try planner.plan(network, method: MethodChoice(.slots, samples: 4))
        #expect(plan.client.samplesPerGroup == 1)
        #expect(throws: (any Error).self) {
            try SlotCircuits.circuit(
                network, shape: SlotShape(degree: 512, index: 2), samples: 2, babyCounts: [])
        }
    }
}
