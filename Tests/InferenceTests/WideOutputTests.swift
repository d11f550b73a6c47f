// SPDX-License-Identifier: Apache-2.0

import BFV
import BigIntegers
import Inference
import InferenceClient
import IntegerNetworks
import TestSupport
import Testing

/// Layers of more outputs than a ciphertext has slots: replies of several ciphertexts.
@Suite struct WideOutputTests {
    private static let planner = Planner.insecure(degrees: [256, 512, 1024])

    /// - Parameter hidden: 0: one linear layer; else squares of so many between two.
    private static func network(
        inputs: Int, hidden: Int = 0, outputs: Int, hasBias: Bool = true
    ) throws -> IntegerNetwork {
        var generator = SplitMix64(seed: UInt64(outputs))
        func dense(_ inputs: Int, _ outputs: Int) throws -> IntegerNetwork.Layer {
            .dense(
                try Dense(
                    weights: (0..<inputs * outputs).map { _ in
                        Int64.random(in: -9...9, using: &generator)
                    },
                    bias: (0..<outputs).map { hasBias ? Int64($0 % 5) - 2 : 0 }, inputs: inputs,
                    outputs: outputs))
        }
        let layers =
            hidden == 0
            ? [try dense(inputs, outputs)]
            : [try dense(inputs, hidden), .square(count: hidden), try dense(hidden, outputs)]
        return try IntegerNetwork(
            input: InputSpecification(shape: [inputs], range: -7...7, scale: 1), layers: layers,
            outputScale: 1, labels: IntegerNetwork.defaultLabels(outputs))
    }

    private func check(_ plan: Plan, _ network: IntegerNetwork) throws {
        let method = plan.slots.client
        let slots = method.settings.parameters.slots.slotCount
        let layouts = (network.outputCount + slots - 1) / slots
        #expect(layouts > 1 && method.outputLayouts.count == layouts)
        let pair = try Pair(plan, threads: 2)
        let reference = IntegerReference(network)
        for sample in [network.example(from: 3), network.example(from: 8)] {
            let before = pair.server.operations
            let expected = try reference.logits(sample)
            #expect(try pair.predictions([sample])[0].logits == expected)
            #expect(
                try plan.slots.clearLogits(of: [sample], outputs: plan.client.outputs)
                    == [expected])
            let made = pair.server.operations.entries.map { $0.count - (before[$0.name] ?? 0) }
            #expect(made == plan.evaluation.operations.counts)
        }
    }

    /// A last part of fewer outputs, and one of as many as there are slots.
    @Test(arguments: [(12, 1500), (100, 2048), (600, 1030)])
    func linear(inputs: Int, outputs: Int) throws {
        let network = try Self.network(inputs: inputs, outputs: outputs)
        let plan = try Planner.insecure(degrees: [512]).plan(network, method: .slots)
        try check(plan, network)
    }

    @Test func behindSquares() throws {
        let network = try Self.network(inputs: 9, hidden: 6, outputs: 2100)
        let plan = try Planner.insecure(degrees: [1024]).plan(network, method: .slots)
        try check(plan, network)
    }

    /// Outputs that are constants, as of a padded vector: nothing is left of some ciphertexts' sums.
    @Test(arguments: [0, 800, 1500]) func constants(first: Int) throws {
        var matrix = SparseIntegerMatrix(columns: 4)
        for row in 0..<1600 {
            if (first..<first + 4).contains(row) { matrix.append(column: row - first, weight: 3) }
            matrix.endRow()
        }
        let affine = try Affine(matrix: matrix, bias: (0..<1600).map { Int64($0 % 7) })
        let network = try IntegerNetwork(
            input: InputSpecification(shape: [4], range: -7...7, scale: 1),
            operations: [.init(.affine(affine), sources: [0])], outputScale: 1,
            labels: IntegerNetwork.defaultLabels(1600))
        try check(Planner.insecure(degrees: [512]).plan(network, method: .slots), network)
    }

    /// Every ciphertext of a reply is flooded, and the bound is shared by all.
    @Test(arguments: [true, false]) func hidden(hasBias: Bool) throws {
        let network = try Self.network(inputs: 12, outputs: 1500, hasBias: hasBias)
        var planner = Self.planner
        planner.functionPrivacyBits = 40
        let plan = try planner.plan(network, method: .slots)
        #expect(plan.settings.functionPrivacyBits == 40)
        let layouts = plan.slots.client.outputLayouts.count
        let moduli = plan.settings.parameters.plaintextModuli.count
        #expect(plan.evaluation.operations["floods"] == layouts * moduli)
        try check(plan, network)
    }

    /// All sums share their rotations: there are no more than features.
    @Test func rotationsAreShared() throws {
        let network = try Self.network(inputs: 16, outputs: 20 * 512)
        let plan = try Planner.insecure(degrees: [512]).plan(network, method: .slots)
        let switches = try #require(plan.evaluation.operations["key_switches"])
        #expect((1..<16).contains(switches))
        try check(plan, network)
    }

    /// More than the most ciphertexts of a reply take is refused before a matrix is written out.
    @Test func tooWide() throws {
        let outputs = Slots.maximumOutputLayouts * 256 + 1
        let network = try Self.network(inputs: 1, outputs: outputs)
        #expect(throws: PlanError.self) {
            try Planner.insecure(degrees: [256]).plan(network, method: .slots)
        }
    }
}
