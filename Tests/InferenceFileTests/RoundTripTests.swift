import BFV
import Inference
import IntegerNetworks
import SwiftProtobuf
import TestSupport
import Testing
import Wire

@Suite struct RoundTripTests {
    @Test(arguments: Fixture.kinds) func sameBytes(kind: ArtifactKind) throws {
        for fixture in try [Fixture.shared.get(), Fixture.quantized.get()] {
            let bytes = try #require(fixture.files[kind])
            #expect(try fixture.recode(bytes, as: kind) == bytes)
        }
    }

    /// Every kind of operation, as a file holds it.
    @Test(arguments: 0..<40) func networks(seed: Int) throws {
        var options = RandomGraph.Options()
        options.isImage = seed % 2 == 0
        let network = try RandomGraph.make(seed: UInt64(seed), options: options)
        let message = Blindsight_V1_NetworkMessage(network)
        #expect(try message.network() == network)
    }

    @Test(arguments: [false, true]) func plansAreEqual(isQuantized: Bool) throws {
        let fixture = try isQuantized ? Fixture.quantized.get() : Fixture.shared.get()
        let (plan, _) = try Artifact.decodePlan(fixture.files[.serverPlan]!, allowInsecure: true)
        #expect(plan.network == fixture.plan.network)
        #expect(plan.choices == fixture.plan.choices)
        #expect(plan.client == fixture.plan.client)
        let client = try Artifact.decodeClientPlan(
            fixture.files[.clientPlan]!, allowInsecure: true)
        #expect(client == fixture.plan.client)
    }

    /// Every role from files alone, on random networks.
    @Test(arguments: 0..<12) func predictionThroughFiles(seed: Int) throws {
        let network = RandomNetwork.make(seed: UInt64(seed))
        let plan = try Planner.insecure(degrees: [64, 128, 256, 512, 1024]).plan(network)
        try check(plan, seed: seed)
    }

    /// More features than slots, so several ciphertexts a sample.
    @Test(arguments: [100, 200]) func severalInputCiphertexts(features: Int) throws {
        var options = RandomNetwork.Options()
        options.startsWithConvolution = false
        options.features = features...features
        options.linearLayers = 2...2
        let network = RandomNetwork.make(seed: UInt64(features), options: options)
        let plan = try Planner.insecure(degrees: [64]).plan(network)
        #expect(plan.client.inputLayouts.count > 1)
        try check(plan, seed: features)
        // Neither fewer nor more of them are taken, and none from another place.
        let client = try Client(plan: plan.client)
        var generator = SplitMix64(seed: 1)
        let input = RandomNetwork.input(for: network, using: &generator)
        let bytes = try Artifact.encode(client.encrypt(quantized: input), plan: plan.client)
        let envelope = try Envelope.open(bytes)
        let message = try Blindsight_V1_RequestMessage(serializedBytes: Array(envelope.payload))
        let count = message.ciphertexts.count
        for change in [-count, 1 - count, -1, 1, count] {
            var other = message
            other.ciphertexts = (0..<count + change).map { message.ciphertexts[$0 % count] }
            let resealed = Envelope.seal(
                try other.serializedBytes(), kind: .request, digest: envelope.digest)
            #expect(
                throws: WireError.wrongCount(
                    "ciphertexts", expected: count, found: count + change)
            ) { try Artifact.decodeSample(resealed, plan: plan.client) }
        }
    }

    /// Plans with generators, as bytes and back; other generators are refused.
    @Test func plaintextGenerators() throws {
        let planner = Planner.insecure(degrees: [64, 128, 256, 512, 1024])
        let plans = try (0..<12).lazy.map { try planner.plan(RandomNetwork.make(seed: $0)) }
        let plan = try #require(plans.first { $0.client.parameters.slots.index > 1 }).client
        let index = plan.parameters.slots.index
        let count = plan.parameters.plaintexts.count
        let bytes = try Artifact.encode(plan)
        #expect(try Artifact.decodeClientPlan(bytes, allowInsecure: true) == plan)
        let message = try Blindsight_V1_ClientPlanMessage(
            serializedBytes: Array(Envelope.open(bytes).payload))
        let generators = message.parameters.plaintextGenerators
        #expect(generators == plan.parameters.plaintexts.flatMap(\.generator))
        #expect(generators.count == index * count)
        func decode(_ change: (inout Blindsight_V1_ParametersMessage) -> Void) throws -> ClientPlan
        {
            var other = message
            change(&other.parameters)
            let payload: [UInt8] = try other.serializedBytes()
            return try Artifact.decodeClientPlan(
                Envelope.seal(
                    payload, kind: .clientPlan, digest: Envelope.digest(of: payload)),
                allowInsecure: true)
        }
        #expect(try decode { _ in } == plan)
        func refused(_ what: Comment, _ change: (inout Blindsight_V1_ParametersMessage) -> Void) {
            #expect(what) { try decode(change) } throws: { Fixture.isTyped($0) }
        }
        refused("none") { $0.plaintextGenerators = [] }
        refused("one off") { $0.plaintextGenerators[1] += 1 }
        refused("one less") { $0.plaintextGenerators.removeLast() }
        refused("one more") { $0.plaintextGenerators.append(0) }
        refused("half of each") { $0.plaintextGenerators.removeLast(index * count / 2) }
        refused("zero") { $0.plaintextGenerators = generators.map { _ in 0 } }
        refused("conjugate") { $0.plaintextGenerators[1].negate() }
        refused("largest") { $0.plaintextGenerators[0] = .max }
        refused("least") { $0.plaintextGenerators[0] = .min }
        refused("no primes") { $0.plaintextModuli = [] }
        refused("2^64 - 1") { $0.plaintextModuli[0] = .max }
    }

    private func check(_ plan: Plan, seed: Int) throws {
        let network = plan.network
        let clientPlan = try Artifact.decodeClientPlan(
            Artifact.encode(plan.client), allowInsecure: true)
        #expect(clientPlan == plan.client)
        let maker = try Client(plan: clientPlan)
        let secret = try Artifact.encodeSecretKey(of: maker)
        let keyBytes = try Artifact.encode(maker.makeEvaluationKeys(), plan: clientPlan)
        let client = try Artifact.decodeClient(secretKey: secret, plan: clientPlan)
        var generator = SplitMix64(seed: UInt64(seed))
        let input = RandomNetwork.input(for: network, using: &generator)
        let request = try Artifact.encode(client.encrypt(quantized: input), plan: clientPlan)

        let server = try Server(
            plan: plan, evaluationKeys: Artifact.decodeEvaluationKeys(keyBytes, plan: plan.client))
        let reply = try Artifact.encode(
            server.predict(Artifact.decodeSample(request, plan: plan.client)), plan: plan.client)

        let prediction = try client.decrypt(Artifact.decodeReply(reply, plan: clientPlan))
        #expect(
            try prediction.logits == IntegerReference.logits(network, input: input), "seed \(seed)")
        // What the plan announces is what travels, but for some framing.
        let framing = 256
        #expect((0..<framing).contains(request.count - plan.cost.requestBytes), "seed \(seed)")
        #expect((0..<framing).contains(reply.count - plan.cost.replyBytes), "seed \(seed)")
        let keyCount = plan.choices.keys.rotations.count + 1
        #expect(
            (0..<framing + 16 * keyCount).contains(keyBytes.count - plan.cost.evaluationKeyBytes),
            "seed \(seed)")
    }

    @Test(arguments: Fixture.kinds) func inspection(kind: ArtifactKind) throws {
        let fixture = try Fixture.shared.get()
        let bytes = try #require(fixture.files[kind])
        let summary = try Artifact.inspect(bytes)
        #expect(summary.kind == kind.name)
        #expect(summary.version == 4)
        #expect(summary.digest == (try Artifact.planDigest(fixture.plan.client)))
        #expect(
            summary.payloadBytes == bytes.count - Envelope.headerLength - Envelope.checksumLength)
        #expect(summary.details.isEmpty == (kind == .secretKey), "nothing of a secret key is told")
    }

    @Test func encodingRefusesWhatIsOfAnotherPlan() throws {
        let fixture = try Fixture.shared.get()
        let other = try Fixture.other.get()
        let wide = try Planner.insecure(degrees: [256]).plan(other.plan.network)
        let client = try Client(plan: wide.client)
        #expect(throws: WireError.self) {
            try Artifact.encode(
                client.encrypt(quantized: other.input), plan: fixture.plan.client)
        }
        #expect(throws: WireError.self) {
            try Artifact.encode(client.makeEvaluationKeys(), plan: fixture.plan.client)
        }
        #expect(throws: WireError.malformed("the plan was made from another model")) {
            try Artifact.encode(fixture.plan, model: other.model)
        }
    }
}
