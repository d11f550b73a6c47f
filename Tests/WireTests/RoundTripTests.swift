import Inference
import NeuralNetwork
import TestSupport
import Testing
import Wire

@Suite struct RoundTripTests {
    @Test(arguments: ArtifactKind.allCases) func sameBytes(kind: ArtifactKind) throws {
        let fixture = try Fixture.shared.get()
        let bytes = try #require(fixture.files[kind])
        #expect(try fixture.recode(bytes, as: kind) == bytes)
    }

    @Test func plansAreEqual() throws {
        let fixture = try Fixture.shared.get()
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

    @Test(arguments: ArtifactKind.allCases) func inspection(kind: ArtifactKind) throws {
        let fixture = try Fixture.shared.get()
        let bytes = try #require(fixture.files[kind])
        let summary = try Artifact.inspect(bytes)
        #expect(summary.kind == kind.name)
        #expect(summary.version == 1)
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
