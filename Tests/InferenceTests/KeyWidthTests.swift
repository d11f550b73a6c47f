// SPDX-License-Identifier: Apache-2.0

import BFV
import Inference
import InferenceClient
import IntegerNetworks
import Lattice
import TestSupport
import Testing

/// Keys with digits of two widths, for permutations of one ciphertext.
@Suite struct KeyWidthTests {
    private static func network(_ widths: [Int], weights: Int64) throws -> IntegerNetwork {
        var generator = SplitMix64(seed: 5)
        var layers: [IntegerNetwork.Layer] = []
        for (inputs, outputs) in zip(widths, widths.dropFirst()) {
            if !layers.isEmpty { layers.append(.square(count: inputs)) }
            layers.append(
                .dense(
                    try Dense(
                        weights: (0..<inputs * outputs).map { _ in
                            Int64.random(in: -weights...weights, using: &generator)
                        }, bias: [Int64](repeating: 1, count: outputs), inputs: inputs,
                        outputs: outputs)))
        }
        return try IntegerNetwork(
            input: InputSpecification(shape: [widths[0]], range: -7...7, scale: 1), layers: layers,
            outputScale: 1, labels: IntegerNetwork.defaultLabels(widths.last!))
    }

    struct Case: Sendable {
        let widths: [Int]
        let weights: Int64
        let degree: Int
        /// How many digits keys have.
        let digits: Set<Int>
    }

    /// What is fresh has little noise, and its permutations take narrow digits; those that a later layer hoists with them
    /// keep wide ones, at a decomposition more there.
    @Test(arguments: [
        Case(widths: [64, 16, 16, 4], weights: 60, degree: 128, digits: [2, 4]),
        Case(widths: [64, 16, 16, 4], weights: 3, degree: 512, digits: [2, 3]),
        Case(widths: [64, 64, 8], weights: 3, degree: 256, digits: [2, 3]),
        Case(widths: [16, 16, 16, 4], weights: 60, degree: 128, digits: [2, 3]),
    ]) func permutationsOfOneCiphertextHaveTwoWidths(_ one: Case) throws {
        let degree = one.degree
        let network = try Self.network(one.widths, weights: one.weights)
        let plan = try Planner.insecure(degrees: [degree]).plan(network, method: .slots)
        let choices = plan.slots.choices
        let bits = choices.parameters.ciphertextModuli.map(\.bitWidthUsed)
        let counts = choices.keys.galois.values.map {
            $0.digits(bits: Array(bits.prefix($0.level))).count
        }
        #expect(Set(counts) == one.digits)
        // A decomposition for each ciphertext that is hoisted would do with one width: there are groups of two.
        let known = Dictionary(
            choices.keys.galois.map { ($0.key, $0.value.digitBits) },
            uniquingKeysWith: { a, _ in a })
        let mixed = plan.slots.circuit.maps.count { map in
            Set(
                map.babies.compactMap {
                    known[$0.permutation.galoisElement(degree: degree)]
                }
            ).count > 1
        }
        #expect(mixed > 0)
        let pair = try Pair(plan)
        var generator = SplitMix64(seed: 6)
        let input = (0..<one.widths[0]).map { _ in Int.random(in: -7...7, using: &generator) }
        let prediction = try pair.predictions([input])[0]
        #expect(try prediction.logits == IntegerReference.logits(network, input: input))
        #expect(pair.server.operations == plan.evaluation.operations)
    }
}
