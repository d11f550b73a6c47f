// SPDX-License-Identifier: Apache-2.0

import BFV
import Inference
import InferenceClient
import IntegerNetworks
import Testing

/// What a client's plan doesn't tell of the weights.
@Suite struct ClientPlanSecrecyTests {
    /// A dense layer whose weights are zero in every column but those that `keeps` lets through.
    private static func dense(_ keeps: (_ output: Int, _ input: Int) -> Bool) throws
        -> IntegerNetwork
    {
        let weights = (0..<64).map { keeps($0 / 8, $0 % 8) ? Int64($0 % 5 + 1) : 0 }
        return try IntegerNetwork(
            input: InputSpecification(shape: [8], range: -2...2, scale: 1),
            layers: [
                .dense(Dense(weights: weights, bias: Array(0..<8), inputs: 8, outputs: 8)),
                .square(count: 8),
                .dense(Dense(weights: weights, bias: Array(0..<8), inputs: 8, outputs: 8)),
            ],
            outputScale: 1, labels: (0..<8).map { "\($0)" })
    }

    private static func convolution(_ pruned: Set<Int>) throws -> IntegerNetwork {
        let weights = (0..<9).map { pruned.contains($0) ? Int64(0) : Int64($0 + 1) }
        return try IntegerNetwork(
            input: InputSpecification(shape: [1, 6, 6], range: -2...2, scale: 1),
            layers: [
                .convolution(
                    Convolution(
                        weights: weights, bias: [1],
                        inputShape: ImageShape(channels: 1, height: 6, width: 6),
                        kernel: Extent(height: 3, width: 3), strides: Extent(height: 1, width: 1),
                        padding: Padding(top: 1, left: 1, bottom: 1, right: 1))),
                .square(count: 36),
            ], outputScale: 1, labels: (0..<36).map { "\($0)" })
    }

    private static func rotations(_ network: IntegerNetwork) throws -> Set<SlotPermutation> {
        try SlotCircuits.circuit(
            network, shape: SlotShape(degree: 128, index: 1), samples: 1, babyCounts: []
        ).permutations
    }

    /// Rotation keys are those of a layer's form: pruned weights, whole diagonals of them too, change none.
    @Test func rotationsTellNoZeros() throws {
        let full = try Self.rotations(Self.dense { _, _ in true })
        #expect(full.count > 2)
        #expect(try Self.rotations(Self.dense { ($1 - $0) % 2 == 0 }) == full)
        #expect(try Self.rotations(Self.dense { ($1 - $0 + 8) % 8 < 2 }) == full)
        let whole = try Self.rotations(Self.convolution([]))
        #expect(whole.count > 3)
        #expect(try Self.rotations(Self.convolution([0, 2, 6, 8])) == whole)
        #expect(try Self.rotations(Self.convolution([0, 1, 2])) == whole)
    }

    /// Of trees, they are those of the layout's numbers, whatever the trees ask, in one map and in two.
    @Test(arguments: [
        [1, 5, 3], [1, 8, 4], [1, 8, 8, 4, 4], [1, 8, 16, 8, 4], [2, 8, 4], [2, 8, 8, 4, 4],
    ])
    func rotationsTellNoTrees(numbers: [Int]) throws {
        func rotations(_ conditions: [Int], _ weights: [Int64]) throws -> Set<SlotPermutation> {
            // Trees of two levels.
            let forest = try Forest(
                chains: [5, 6], leafCount: weights.count,
                roots: stride(from: 0, to: conditions.count, by: 3).map { $0 },
                splits: conditions.enumerated().map { index, condition in
                    let leaf = -1 - (index / 3 * 4 + (index % 3 - 1) * 2)
                    return index % 3 == 0
                        ? Forest.Split(
                            condition: condition, whenTrue: index + 1, whenFalse: index + 2)
                        : Forest.Split(
                            condition: condition, whenTrue: leaf, whenFalse: leaf - 1)
                })
            let network = try IntegerNetwork(
                input: InputSpecification(shape: [11], range: 0...1, scale: 1),
                operations: [
                    .init(.forest(forest), sources: [0]),
                    .init(
                        .dense(
                            Dense(
                                weights: weights, bias: [0], inputs: weights.count, outputs: 1)),
                        sources: [1]),
                ], outputScale: 1, labels: ["y"], decision: .regression)
            return try SlotCircuits.circuit(
                network, shape: SlotShape(degree: 512, index: 2), samples: 1, babyCounts: numbers
            ).permutations
        }
        let first = try rotations([0, 5, 6], [1, 2, 3, 4])
        #expect(first.count > 3)
        #expect(try rotations([10, 1, 2], [1, 2, 3, 4]) == first)
        #expect(try rotations([4, 9, 3, 2, 7, 10], [1, 2, 3, 4, 5, 6, 7, 8]) == first)
        // A tree of one leaf that can be reached has no two to choose from.
        if numbers[0] == 1 { #expect(try rotations([3, 3, 3], [2, 0, 0, 0]) == first) }
        #expect(try rotations([3, 7, 7], [2, 1, 0, 0]) == first)
    }

    /// Two networks that say the same to their clients have other identities.
    @Test func plansOfOneFormDiffer() throws {
        let planner = Planner.insecure(degrees: [128])
        let network = try Self.dense { _, _ in true }
        let (a, b) = try (
            planner.plan(network, method: .slots), planner.plan(network, method: .slots)
        )
        #expect(a.client != b.client)
        #expect(a.client.outputs == b.client.outputs)
        #expect(a.client.keySetDigest == b.client.keySetDigest)
        // As a file it stays the same plan.
        let again = try Plan(serialized: a.serialized(), allowInsecure: true)
        #expect(again.client == a.client)
    }
}
