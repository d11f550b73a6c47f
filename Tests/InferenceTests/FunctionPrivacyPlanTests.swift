// SPDX-License-Identifier: Apache-2.0

import BFV
import Foundation
import Inference
import InferenceClient
import IntegerNetworks
import TestSupport
import Testing

/// What a plan says of its function privacy, and that it is proven.
@Suite struct FunctionPrivacyPlanTests {
    private static func planner(_ bits: Int?) -> Planner {
        var planner = Planner.insecure(degrees: [64, 128, 256])
        planner.functionPrivacyBits = bits
        return planner
    }

    private static let network = RandomNetwork.make(seed: 11)

    /// A smaller flood than the sum asks for is refused when the plan is proven anew; the one that was chosen isn't.
    @Test(arguments: [40, 64, 80]) func smallerFloodsAreRefused(bits: Int) throws {
        let plan = try Self.planner(bits).plan(Self.network, method: .slots)
        let slots = plan.slots
        _ = try slots.proven(Self.network, outputs: plan.client.outputs)
        var choices = slots.choices
        choices.privacy = FunctionPrivacy(
            bits: bits,
            floods: choices.privacy.floods.map { Flood(bits: $0.bits - 1, over: $0.divisor) },
            isFine: choices.privacy.isFine)
        #expect(throws: PlanError.self) {
            try SlotsPlan(
                Self.network, outputs: plan.client.outputs, choices: choices,
                norms: TransformNorms())
        }
        // None: the same one is chosen again.
        choices.privacy = FunctionPrivacy(
            bits: bits, floods: [], isFine: choices.privacy.isFine)
        #expect(
            try SlotsPlan(
                Self.network, outputs: plan.client.outputs, choices: choices,
                norms: TransformNorms()
            ).client == slots.client)
    }

    /// One linear layer takes a flood of fractions for many bits, which its file keeps; the same one counted in another
    /// unit is refused.
    @Test func fractionsAreKeptAndProven() throws {
        let network = try IntegerNetwork(
            input: InputSpecification(shape: [3], range: -3...3, scale: 1),
            layers: [
                .dense(Dense(weights: [3, -2, 5], bias: [4], inputs: 3, outputs: 1))
            ], outputScale: 1, labels: ["x"])
        // Where security limits the ring.
        var planner = Planner()
        planner.functionPrivacyBits = 80
        let plan = try planner.plan(network, method: .slots)
        #expect(plan.settings.parameters.degree == 4096)
        let special = plan.settings.parameters.lattice.specialModuli[0]
        let floods = plan.slots.choices.privacy.floods
        #expect(floods.allSatisfy { $0.divisor == special })
        let read = try Plan(serialized: plan.serialized(), allowInsecure: true)
        #expect(read.slots.choices.privacy.floods == floods)
        #expect(try Pair(read).predictions([[1, 2, -3]])[0].logits == [-12])
        for (divisor, isFine) in [(special - 2, true), (special + 2, true), (special, false)] {
            var choices = plan.slots.choices
            choices.privacy = FunctionPrivacy(
                bits: 80, floods: floods.map { Flood(bits: $0.bits, over: divisor) },
                isFine: isFine)
            #expect(throws: PlanError.self) {
                try SlotsPlan(
                    network, outputs: plan.client.outputs, choices: choices, norms: TransformNorms()
                )
            }
        }
    }

    /// Ciphertexts of a reply share the bound: many outputs take a flood of at least as many bits as one of them.
    @Test func ciphertextsShareTheBound() throws {
        func flood(outputs: Int) throws -> Double {
            // Equal rows, so that one ciphertext's noise is the same in all.
            let row: [Int64] = [3, -2, 5]
            let network = try IntegerNetwork(
                input: InputSpecification(shape: [3], range: -3...3, scale: 1),
                layers: [
                    .dense(
                        Dense(
                            weights: (0..<outputs).flatMap { _ in row },
                            bias: [Int64](repeating: 1, count: outputs), inputs: 3,
                            outputs: outputs))
                ], outputScale: 1, labels: IntegerNetwork.defaultLabels(outputs))
            let plan = try Self.planner(40).plan(network, method: .features(samples: 2))
            return log2(try #require(plan.features.choices.privacy.floods.first).deviation)
        }
        // Second order: a factor 256 in the bound is four bits of the flood.
        #expect(try flood(outputs: 256) >= flood(outputs: 1) + 3)
    }

    /// Of plans as files: the bits and floods come back, and a plan of bits without floods is refused.
    @Test(arguments: [MethodChoice.slots, .features(samples: 3), .paillier], [0, 40, 64])
    func plansKeepIt(method: MethodChoice, bits: Int) throws {
        var options = RandomNetwork.Options()
        if method == .paillier { options.linearLayers = 1...1 }
        let network = RandomNetwork.make(seed: 12, options: options)
        let plan = try Self.planner(bits).plan(network, method: method)
        let read = try Plan(serialized: plan.serialized(), allowInsecure: true)
        #expect(read.client.digest == plan.client.digest)
        func said(_ plan: Plan) -> ReportEntry? {
            plan.client.report.first { $0.key == "function_privacy_bits" }
        }
        let entry = try #require(said(read))
        #expect(entry.value == .count(bits))
        #expect(entry.text == (bits == 0 ? "none" : "\(bits) bits a reply"))
        #expect(try read.proven().client == plan.client)
    }

    /// Weights that t doesn't hold are drawn anew with mean zero too: matrix and drawing have the same ones, below t.
    @Test(arguments: [MethodChoice.slots, .features(samples: 2)])
    func weightsBeyondThePlaintextModulus(method: MethodChoice) throws {
        let network = try IntegerNetwork(
            input: InputSpecification(shape: [2], range: -3...3, scale: 1),
            layers: [
                .dense(Dense(weights: [100_003, -100_000], bias: [1], inputs: 2, outputs: 1))
            ], outputScale: 1, labels: ["x"])
        // Of samples whose features are equal.
        let outputs = OutputReading(
            network, bounds: [-8...10], boundMethod: "claimed", rangeIsProven: true)
        let plan = try Self.planner(40).plan(network, outputs: outputs, method: method)
        #expect(plan.settings.parameters.plaintextModuli.allSatisfy { $0 < 100_000 })
        #expect(try Pair(plan).predictions([[2, 2]])[0].logits == [7])
    }

    /// An error of the caller's ends the planning, whichever of the two plans is being made.
    @Test func cancellationIsNotSwallowed() {
        struct Enough: Error {}
        for stop in 1...2 {
            var proofs = 0
            #expect(throws: Enough.self) {
                try Self.planner(nil).plan(Self.network, method: .slots) { line in
                    if line.hasPrefix("proving") { proofs += 1 }
                    if proofs == stop { throw Enough() }
                }
            }
        }
    }

    /// 40 where it costs little, whatever may be asked for, and nothing else.
    @Test func choices() throws {
        let plain = try Self.planner(0).plan(Self.network, method: .slots)
        let usual = try Self.planner(nil).plan(Self.network, method: .slots)
        #expect(plain.settings.functionPrivacyBits == 0)
        #expect(usual.settings.functionPrivacyBits == 40)
        #expect(usual.seconds(samples: 1) <= plain.seconds(samples: 1) + 2e-3)
        #expect(throws: PlanError.noPrivacy(bits: 41)) {
            try Self.planner(41).plan(Self.network, method: .slots)
        }
    }
}
