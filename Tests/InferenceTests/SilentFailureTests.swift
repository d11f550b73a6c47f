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
import Wire

/// Checks whose failure would be silent: without them answers stay right as long as everyone is honest.
@Suite struct SilentFailureTests {
    private static let planner = Planner.insecure(degrees: [64, 128, 256])

    private func network() throws -> IntegerNetwork {
        try IntegerNetwork(
            input: InputSpecification(shape: [3], range: -2...2, scale: 1),
            layers: [
                .dense(
                    Dense(weights: [1, 2, -1, 0, 1, 1], bias: [1, 0], inputs: 3, outputs: 2)),
                .square(count: 2),
                .dense(Dense(weights: [1, -1, 2, 1], bias: [0, 3], inputs: 2, outputs: 2)),
            ], outputScale: 1, labels: ["a", "b"])
    }

    /// What lies far outside the range that the plan is proven for gets no answer; a little outside it is clamped.
    @Test func farSamplesAreNotEncrypted() throws {
        let plan = try Self.planner.plan(network(), method: .slots)
        let client = try Client(plan.client)
        #expect(try client.quantize([[2.4, -6, 6]]) == [[2, -2, 2]])
        for value in [7, -7, 1e30, .infinity, .nan] as [Float] {
            #expect(throws: NetworkError.self, "\(value)") { try client.encrypt([0, value, 0]) }
            #expect(throws: NetworkError.self) {
                try client.quantize([[0, 0, 0], [0, 0, value]])
            }
        }
        #expect(try client.quantize([[7, 0, -1e30]], outside: .clamp) == [[2, 0, -2]])
        #expect(throws: NetworkError.notFinite(sample: 1, feature: 2, value: "nan")) {
            try client.quantize([[0, 0, 0], [0, 0, .nan]], outside: .clamp)
        }
    }

    /// Slots that are no output, and the shares of an output, are other ones in each reply; their sums are not.
    @Test func repliesAreMasked() throws {
        let plan = try Self.planner.plan(network(), method: .slots)
        let client = try Client(plan.client)
        let server = try Server(plan, keys: client.evaluationKeys())
        let method = plan.slots.client
        let context = try BFVContext(method.settings.parameters)
        let secret = try client.secretBytes()
        let key = try BFVSecret.key(secret[...], context.lattice)
        let decryptor = Decryptor(context: context, secretKey: key)
        let request = try client.encrypt(quantized: [[1, 2, -2]])
        let replies = try (0..<2).map { _ in
            let body = try server.predict(request).groups[0].body
            return try #require(body as? CompressedReply)
        }
        for index in method.settings.parameters.plaintextModuli.indices {
            let slots = try replies.map { try decryptor.decrypt($0.ciphertexts[index]).slots }
            let equal = zip(slots[0], slots[1]).count { $0 == $1 }
            let single = Dictionary(grouping: method.outputLayouts[0].features) { $0 }
                .count { $0.key != SlotLayout.empty && $0.value.count == 1 }
            // A random residue repeats once in t.
            #expect(equal <= single + 4, "\(equal) of \(slots[0].count) slots are the same")
        }
    }

    /// The noise bound's failure probability allows so many random events; a network of more is refused.
    @Test func tooManyNoiseEvents() throws {
        let wide = 70_000
        let network = try IntegerNetwork(
            input: InputSpecification(shape: [1], range: -1...1, scale: 1),
            layers: [
                .dense(
                    Dense(
                        weights: [Int64](repeating: 1, count: wide),
                        bias: [Int64](repeating: 0, count: wide), inputs: 1, outputs: wide))
            ], outputScale: 1, labels: IntegerNetwork.defaultLabels(wide))
        #expect(
            throws: PlanError.invalid("more noise events than its failure probability allows")
        ) {
            try Planner.insecure(degrees: [256]).plan(network, method: .features(samples: 2))
        }
    }

    /// Outputs beyond the proven range are refused by every method, not handed out as certified.
    @Test(arguments: [MethodChoice.slots, .features(samples: 4), .paillier])
    func outputsOutsideTheirRange(method: MethodChoice) throws {
        let dense = try Dense(weights: [3, -2], bias: [1], inputs: 2, outputs: 1)
        func network(_ weights: [Int64]) throws -> IntegerNetwork {
            try IntegerNetwork(
                input: InputSpecification(shape: [2], range: -5...5, scale: 1),
                operations: [
                    IntegerNetwork.Operation(
                        .dense(Dense(weights: weights, bias: [1], inputs: 2, outputs: 1)),
                        sources: [0])
                ], outputScale: 1, labels: ["x"], decision: .regression)
        }
        _ = dense
        let honest = try network([3, -2])
        // A server that claims narrower ranges than its network has.
        let narrow = OutputReading(
            honest, bounds: [-3...3], boundMethod: "claimed", rangeIsProven: true)
        let plan = try Self.planner.plan(honest, outputs: narrow, method: method)
        let pair = try Pair(plan)
        #expect(try pair.predictions([[1, 1]])[0].logits == [2])
        #expect(throws: InferenceError.outsideRange) { try pair.predictions([[5, -5]]) }
    }

    /// A server checks keys and requests itself, whatever decoders did before.
    @Test func serversCheckWhatTheyAreGiven() throws {
        let plan = try Self.planner.plan(network(), method: .slots)
        let other = try Self.planner.plan(RandomNetwork.make(seed: 3), method: .slots)
        let client = try Client(plan.client)
        let keys = try client.evaluationKeys()
        #expect(throws: WireError.self) { try Server(other, keys: keys) }
        guard case .made(let material) = keys.material, let made = material as? BFVKeys else {
            Issue.record("keys of another kind")
            return
        }
        #expect(throws: InferenceError.self) {
            try BFVKeys(
                made.set,
                EvaluationKeys(
                    relinearization: nil, galois: made.keys.galois,
                    rerandomization: made.keys.rerandomization))
        }
        #expect(throws: InferenceError.missingKey("the public key")) {
            try BFVKeys(
                made.set,
                EvaluationKeys(
                    relinearization: made.keys.relinearization, galois: made.keys.galois))
        }
        let server = try Server(plan, keys: keys)
        let request = try client.encrypt(quantized: [[1, 0, 0]])
        let group = request.groups[0]
        let body = try #require(group.body as? SlotsRequest)
        for ciphertexts in [[], body.ciphertexts + body.ciphertexts] {
            #expect(throws: InferenceError.self) {
                try server.predict(
                    RequestGroup(head: group.head, body: SlotsRequest(ciphertexts: ciphertexts)))
            }
        }
        let features = try Self.planner.plan(network(), method: .features(samples: 4))
        let stranger = try Client(features.client).encrypt(quantized: [[1, 0, 0]])
        #expect(throws: (any Error).self) { try server.predict(stranger) }
        #expect(throws: InferenceError.self) {
            try server.predict(RequestGroup(head: group.head, body: stranger.groups[0].body))
        }
    }

    /// A request of a model retrained to other weights has the same form, and is refused all the same: its answer would
    /// be another model's.
    @Test(arguments: [MethodChoice.slots, .features(samples: 4), .paillier])
    func requestsOfOtherPlans(method: MethodChoice) throws {
        func linear(_ weight: Int64) throws -> Plan {
            let dense = try Dense(weights: [weight, 2], bias: [1], inputs: 2, outputs: 1)
            return try Self.planner.plan(
                IntegerNetwork(
                    input: InputSpecification(shape: [2], range: -2...2, scale: 1),
                    operations: [IntegerNetwork.Operation(.dense(dense), sources: [0])],
                    outputScale: 1, labels: ["x"], decision: .regression), method: method)
        }
        let (plan, retrained) = try (linear(3), linear(4))
        let server = try Pair(plan).server
        let request = try Client(retrained.client).encrypt(quantized: [[1, 2]])
        let error = WireError.wrongPlan(
            expected: Envelope.hexadecimal(plan.client.digest),
            found: Envelope.hexadecimal(retrained.client.digest))
        #expect(throws: error) { try server.predict(request) }
        #expect(throws: error) { try server.predict(request.groups[0]) }
    }

    /// A reply to another request is refused, also where it comes from the same client and server.
    @Test(arguments: [MethodChoice.slots, .features(samples: 4), MethodChoice(.insecureClear)])
    func repliesToOtherRequests(method: MethodChoice) throws {
        let pair = try Pair(Self.planner.plan(network(), method: method))
        let first = try pair.client.encrypt(quantized: [[1, 0, 0]])
        let second = try pair.client.encrypt(quantized: [[1, 0, 0]])
        let reply = try pair.server.predict(second)
        #expect(throws: InferenceError.otherRequest(group: 0)) {
            try pair.client.decrypt(reply, of: first)
        }
        #expect(try pair.client.decrypt(reply, of: second).count == 1)
    }

    /// What `simulate` says is what the encrypted run gives, also where a range that isn't proven is left.
    @Test func simulationWraps() throws {
        let network = try network()
        let narrow = OutputReading(
            network, bounds: [-3...3, -3...3], boundMethod: "calibrated", rangeIsProven: false)
        let plan = try Self.planner.plan(network, outputs: narrow, method: .slots)
        let clear = try Plan(
            network, outputs: narrow, method: ClearPlan(network, like: plan.client))
        let encrypted = try Pair(plan)
        let simulated = try Pair(clear)
        for input in [[0, 0, 0], [2, 2, -2], [-2, 1, 2]] {
            #expect(
                try simulated.predictions([input])[0].logits
                    == encrypted.predictions([input])[0].logits)
        }
    }
}
