// SPDX-License-Identifier: Apache-2.0

import Files
import Inference
import InferenceClient
import IntegerNetworks
import TestSupport
import Testing
import Wire

/// Keys belong to a key set, not to a plan: a network with new weights, planned within an old plan, is served with the
/// keys that clients have.
@Suite struct RetrainedTests {
    private static func network(_ seed: Int, isLinear: Bool) -> IntegerNetwork {
        var options = RandomNetwork.Options()
        options.linearLayers = isLinear ? 1...1 : 2...2
        return RandomNetwork.make(seed: UInt64(seed), options: options)
    }

    private static func planner() -> Planner { .insecure(degrees: [128, 256, 512]) }

    /// Of these seeds, whose new weights leave no more noise than the old ones' moduli take.
    @Test(arguments: [MethodChoice.slots, .features(samples: 4), .paillier], [0, 1, 3, 4, 5])
    func oldKeysServe(method: MethodChoice, seed: Int) throws {
        let network = Self.network(seed, isLinear: method == .paillier)
        let old = try Self.planner().plan(network, method: method)
        let owner = try Client(old.client)
        let secret = try owner.serializedSecretKey()
        let keys = try owner.evaluationKeys().serialized()
        let oldRequest = try owner.encrypt(quantized: [Self.input(network, seed)])

        let retrained = try Networks.retrained(network, seed: UInt64(100 + seed))
        #expect(retrained != network)
        let plan = try Self.planner().plan(retrained, method: method, within: old.client)
        #expect(plan.client.digest != old.client.digest)
        #expect(plan.client.keySetDigest == old.client.keySetDigest)
        // As files, of which the old ones stay as they are.
        let served = try Plan(serialized: plan.serialized(), allowInsecure: true)
        #expect(try served.proven().client == plan.client)
        let server = try Server(served, keys: EvaluationKeySet(serialized: keys))
        let client = try Client(
            ClientPlan(serialized: plan.client.serialized(), allowInsecure: true),
            secretKey: secret)
        let inputs = (0..<3).map { Self.input(network, 1000 * seed + $0) }
        let request = try client.encrypt(quantized: inputs)
        let predictions = try client.decrypt(server.predict(request), of: request)
        let expected = try inputs.map { try IntegerReference.logits(retrained, input: $0) }
        #expect(predictions.map(\.logits) == expected)

        // Requests are of one plan, though keys are not.
        let wrongPlan = WireError.wrongPlan(
            expected: Envelope.hexadecimal(plan.client.digest),
            found: Envelope.hexadecimal(old.client.digest))
        #expect(throws: wrongPlan) { try server.predict(oldRequest) }
    }

    /// Keys of another set are refused by client and server, whatever plan they are used with.
    @Test(arguments: [MethodChoice.slots, .features(samples: 4), .paillier])
    func otherKeysDoNot(method: MethodChoice) throws {
        let network = Self.network(1, isLinear: method == .paillier)
        let old = try Self.planner().plan(network, method: method)
        let retrained = try Networks.retrained(network, seed: 9)
        let plan = try Self.planner().plan(retrained, method: method, within: old.client)
        let elsewhere = try Planner.insecure(degrees: [1024], keySize: .insecure(bits: 768))
            .plan(network, method: method)
        let other = try Client(elsewhere.client)
        let error = WireError.wrongKeySet(
            expected: Envelope.hexadecimal(old.client.keySetDigest),
            found: Envelope.hexadecimal(elsewhere.client.keySetDigest))
        #expect(throws: error) {
            try Server(
                plan, keys: EvaluationKeySet(serialized: other.evaluationKeys().serialized()))
        }
        #expect(throws: error) { try Server(plan, keys: other.evaluationKeys()) }
        #expect(throws: error) {
            try Client(plan.client, secretKey: other.serializedSecretKey())
        }
    }

    /// A plan of another method has other keys; so has a network that the keys can't serve.
    @Test func refusals() throws {
        let network = Self.network(1, isLinear: true)
        let slots = try Self.planner().plan(network, method: .slots)
        #expect(throws: PlanError.self) {
            try Self.planner().plan(network, method: .paillier, within: slots.client)
        }
        #expect(throws: PlanError.self) {
            try Self.planner().plan(network, method: .features(samples: 2), within: slots.client)
        }
        // Keys of a network without products can't multiply.
        let deep = Self.network(1, isLinear: false)
        #expect(throws: PlanError.self) {
            try Self.planner().plan(deep, method: .slots, within: slots.client)
        }
    }

    private static func input(_ network: IntegerNetwork, _ seed: Int) -> [Int] {
        var generator = SplitMix64(seed: UInt64(seed))
        return RandomNetwork.input(for: network, using: &generator)
    }
}
