import BigIntegers
import Inference
import IntegerNetworks
import Paillier
import TestSupport
import Testing
import Wire

/// Files of a linear network under a small Paillier key without security.
struct LinearFixture: Sendable {
    let model: [UInt8]
    let plan: LinearPlan
    let client: LinearClient
    let server: LinearServer
    let inputs: [[Int]]
    let files: [ArtifactKind: [UInt8]]

    static let shared = Result { try LinearFixture(seed: 3) }
    static let other = Result { try LinearFixture(seed: 4) }
    static let kinds: [ArtifactKind] = [
        .linearServerPlan, .linearClientPlan, .linearSecretKey, .linearPublicKey, .linearRequest,
        .linearReply,
    ]

    init(seed: UInt64) throws {
        model = try TinyModel.bytes(seed: seed)
        var generator = SplitMix64(seed: seed)
        let dense = try Dense(
            weights: (0..<15).map { _ in Int64.random(in: -100...100, using: &generator) },
            bias: [5, -700, 0], inputs: 5, outputs: 3)
        let network = try IntegerNetwork(
            input: InputSpecification(shape: [5], range: -8...7, scale: 0.5),
            layers: [.dense(dense)], outputScale: 0.25, labels: ["a", "b", "c"])
        plan = try LinearPlan(network, keySize: .insecure(bits: 512))
        client = try LinearClient(plan: plan.client)
        server = try LinearServer(plan: plan, publicKey: client.publicKey)
        // More than one ciphertext holds.
        inputs = (0..<plan.client.slotCount + 3).map { _ in
            RandomNetwork.input(for: network, using: &generator)
        }
        let request = try client.encrypt(quantized: inputs)
        files = [
            .linearServerPlan: try Artifact.encode(plan, model: model, isQuantized: true),
            .linearClientPlan: try Artifact.encode(plan.client),
            .linearSecretKey: try Artifact.encodeSecretKey(of: client),
            .linearPublicKey: try Artifact.encode(client.publicKey, plan: plan.client),
            .linearRequest: try Artifact.encode(request, plan: plan.client),
            .linearReply: try Artifact.encode(server.predict(request), plan: plan.client),
        ]
    }

    func expected() throws -> [[BigInt]] {
        try inputs.map { try IntegerReference.logits(plan.network, input: $0) }
    }

    /// Decodes, and does with the value what its receiver would.
    func use(_ bytes: [UInt8], as kind: ArtifactKind) throws {
        let (plan, key) = (plan.client, client.publicKey)
        switch kind {
        case .linearServerPlan: _ = try Artifact.decodeLinearPlan(bytes, allowInsecure: true)
        case .linearClientPlan:
            _ = try Artifact.decodeLinearClientPlan(bytes, allowInsecure: true)
        case .linearSecretKey:
            _ = try Artifact.decodeLinearClient(secretKey: bytes, plan: plan)
                .encrypt(quantized: [inputs[0]])
        case .linearPublicKey: _ = try Artifact.decodePublicKey(bytes, plan: plan)
        case .linearRequest:
            _ = try server.predict(
                Artifact.decodeLinearRequest(bytes, plan: plan, publicKey: key))
        case .linearReply:
            _ = try client.decrypt(
                Artifact.decodeLinearReply(bytes, plan: plan, publicKey: key))
        default: preconditionFailure("files of other fixtures")
        }
    }

    static func isTyped(_ error: any Error) -> Bool {
        Fixture.isTyped(error) || error is PaillierError || error is LinearPlanError
    }
}

@Suite struct LinearFileTests {
    @Test func wholePathByFiles() throws {
        let fixture = try LinearFixture.shared.get()
        let files = fixture.files
        let plan = try Artifact.decodeLinearClientPlan(
            files[.linearClientPlan]!, allowInsecure: true)
        #expect(plan == fixture.plan.client)
        let client = try Artifact.decodeLinearClient(
            secretKey: files[.linearSecretKey]!, plan: plan)
        let (serverPlan, _) = try Artifact.decodeLinearPlan(
            files[.linearServerPlan]!, allowInsecure: true)
        let key = try Artifact.decodePublicKey(files[.linearPublicKey]!, plan: plan)
        let server = try LinearServer(plan: serverPlan, publicKey: key, threads: 2)
        let request = try Artifact.decodeLinearRequest(
            Artifact.encode(client.encrypt(quantized: fixture.inputs), plan: plan), plan: plan,
            publicKey: key)
        let reply = try Artifact.decodeLinearReply(
            Artifact.encode(server.predict(request), plan: plan), plan: plan, publicKey: key)
        let predictions = try client.decrypt(reply)
        #expect(try predictions.map(\.logits) == fixture.expected())
        #expect(predictions.allSatisfy { $0.isCertified && $0.noiseMarginBits == .infinity })
        // The same request twice gives other bytes: replies are re-randomized.
        #expect(
            try Artifact.encode(server.predict(request), plan: plan)
                != Artifact.encode(reply, plan: plan))
    }

    @Test func filesOfOtherPlansAreRefused() throws {
        let (fixture, other) = try (LinearFixture.shared.get(), LinearFixture.other.get())
        for kind in LinearFixture.kinds
        where kind != .linearServerPlan && kind != .linearClientPlan {
            #expect(throws: WireError.self, "\(kind)") {
                try fixture.use(other.files[kind]!, as: kind)
            }
        }
        // Without permission, insecure keys are refused.
        #expect(throws: WireError.self) {
            try Artifact.decodeLinearClientPlan(fixture.files[.linearClientPlan]!)
        }
        #expect(throws: WireError.self) {
            try Artifact.decodeLinearPlan(fixture.files[.linearServerPlan]!)
        }
    }

    @Test func kindsAreTold() throws {
        let fixture = try LinearFixture.shared.get()
        for kind in LinearFixture.kinds {
            let summary = try Artifact.inspect(fixture.files[kind]!)
            #expect(summary.kind == kind.name)
        }
    }

    @Test(arguments: LinearFixture.kinds) func neverTraps(kind: ArtifactKind) throws {
        let fixture = try LinearFixture.shared.get()
        var generator = SplitMix64(seed: 0x11AE + UInt64(kind.rawValue))
        let envelope = try Envelope.open(fixture.files[kind]!)
        for _ in 0..<(kind == .linearSecretKey || kind == .linearReply ? 300 : 2000) {
            var payload = Array(envelope.payload)
            for _ in 0...Int.random(in: 0..<4, using: &generator) {
                MutationTests.mutate(&payload, &generator)
            }
            let digest =
                kind == .linearClientPlan ? Envelope.digest(of: payload) : envelope.digest
            let bytes = Envelope.seal(payload, kind: kind, digest: digest)
            _ = try? Artifact.inspect(bytes)
            do { try fixture.use(bytes, as: kind) } catch {
                #expect(LinearFixture.isTyped(error), "\(error)")
            }
        }
    }
}
