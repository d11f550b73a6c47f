// SPDX-License-Identifier: Apache-2.0

import BFV
import Files
import Inference
import InferenceClient
import IntegerNetworks
import Lattice
import SwiftProtobuf
import TestSupport
import Testing
import Wire

/// What is written is read: the same bytes, the same plans, the right predictions.
@Suite struct RoundTripTests {
    @Test(arguments: Method.allCases, ArtifactKind.allCases)
    func sameBytes(method: Method, kind: ArtifactKind) throws {
        let fixture = try Fixture.of(method)
        #expect(try fixture.rewritten(fixture.bytes(kind), as: kind) == fixture.bytes(kind))
        try fixture.use(fixture.bytes(kind), as: kind)
    }

    /// Keys are written as they were read, by the server's half of the method too.
    @Test(arguments: Method.onLattices) func keys(method: Method) throws {
        let fixture = try Fixture.of(method)
        let settings = try #require(fixture.plan.client.method as? any BFVClientMethod).settings
        let bytes = try #require(Fixture.sections(fixture.bytes(.evaluationKeys))[6])
        #expect(bytes.count == fixture.plan.cost.evaluationKeyBytes)
        let context = try LatticeContext(settings.keys.lattice)
        let keys = try BFVKeys(
            SectionReader(MemorySource(bytes), range: 0..<bytes.count, after: nil), settings.keys,
            context)
        #expect(try keys.encoded() == bytes)
    }

    /// Every kind of operation, as a file holds it.
    @Test(arguments: 0..<40) func networks(seed: Int) throws {
        var options = RandomGraph.Options()
        options.isImage = seed % 2 == 0
        let network = try RandomGraph.make(seed: UInt64(seed), options: options)
        let bytes: [UInt8] = try Blindsight_V6_NetworkMessage(network).serializedBytes()
        #expect(try Blindsight_V6_NetworkMessage(section: bytes[...]).network() == network)
    }

    @Test(arguments: Method.allCases) func plansAreEqual(method: Method) throws {
        let fixture = try Fixture.of(method)
        let plan = try Plan(serialized: fixture.bytes(.serverPlan), allowInsecure: true)
        #expect(plan.network == fixture.plan.network)
        #expect(try plan.method.encoded() == fixture.plan.method.encoded())
        #expect(plan.client == fixture.plan.client && plan.evaluation == fixture.plan.evaluation)
        #expect(plan.model == nil)
        let client = try ClientPlan(serialized: fixture.bytes(.clientPlan), allowInsecure: true)
        #expect(client == fixture.plan.client && client.certificate == fixture.plan.certificate)
        #expect(client.input == fixture.plan.network.input)
        #expect(client.outputs == fixture.plan.client.outputs)
        #expect(client.keySetDigest == fixture.plan.client.keySetDigest)
    }

    @Test func modelsStayWithPlans() throws {
        let fixture = try Fixture.of(.slots)
        let model = (0..<10_000).map { UInt8(truncatingIfNeeded: $0 &* 7) }
        let bytes = try fixture.plan.with(model: model).serialized()
        let plan = try Plan(serialized: bytes, allowInsecure: true)
        #expect(plan.model == model && plan.client == fixture.plan.client)
        #expect(try plan.proven().model == model)
    }

    /// Every role from files alone, on random networks.
    @Test(arguments: 0..<12) func predictionThroughFiles(seed: Int) throws {
        let network = RandomNetwork.make(seed: UInt64(seed))
        let planner = Planner.insecure(degrees: [64, 128, 256, 512, 1024])
        try check(planner.plan(network, method: .slots), seed: seed)
        try check(planner.plan(network, method: .features(samples: 2)), seed: seed)
        if network.depth == 0 { try check(planner.plan(network, method: .paillier), seed: seed) }
        try check(planner.plan(network, method: MethodChoice(.insecureClear)), seed: seed)
    }

    /// More features than slots, so several ciphertexts a sample.
    @Test(arguments: [100, 200]) func severalInputCiphertexts(features: Int) throws {
        var options = RandomNetwork.Options()
        options.startsWithConvolution = false
        options.features = features...features
        options.linearLayers = 2...2
        let network = RandomNetwork.make(seed: UInt64(features), options: options)
        let plan = try Planner.insecure(degrees: [64]).plan(network, method: .slots)
        #expect(try #require(plan.client.method as? Slots).inputLayouts.count > 1)
        try check(plan, seed: features)
    }

    /// More outputs than slots, so several ciphertexts a reply.
    @Test func severalOutputCiphertexts() throws {
        let network = try IntegerNetwork(
            input: InputSpecification(shape: [3], range: -4...4, scale: 1),
            layers: [
                .dense(
                    try Dense(
                        weights: (0..<600).map { Int64($0 * $0 % 17) - 8 },
                        bias: (0..<200).map { Int64($0 % 3) }, inputs: 3, outputs: 200))
            ], outputScale: 1, labels: IntegerNetwork.defaultLabels(200))
        let plan = try Planner.insecure(degrees: [64]).plan(network, method: .slots)
        #expect(try #require(plan.client.method as? Slots).outputLayouts.count > 1)
        try check(plan, seed: 1)
    }

    private func check(_ plan: Plan, seed: Int) throws {
        let clientPlan = try ClientPlan(
            serialized: plan.client.serialized(), allowInsecure: true)
        let maker = try Client(clientPlan)
        let secret = try maker.serializedSecretKey()
        let keys = try maker.evaluationKeys().serialized()
        let client = try Client(clientPlan, secretKey: secret)
        var generator = SplitMix64(seed: UInt64(seed))
        let inputs = (0..<2).map { _ in RandomNetwork.input(for: plan.network, using: &generator) }
        let request = try client.encrypt(quantized: inputs).serialized()

        let serverPlan = try Plan(serialized: plan.serialized(), allowInsecure: true)
        let server = try Server(serverPlan, keys: EvaluationKeySet(serialized: keys), threads: 2)
        let reply = try server.predict(
            RequestReader(MemorySource(request), server: server).request()
        ).serialized()

        let reader = try ReplyReader(MemorySource(reply), client: client)
        let heads = try RequestHeads(MemorySource(request), plan: clientPlan)
        try reader.requireReplies(to: heads)
        let reference = IntegerReference(plan.network)
        for group in 0..<reader.groupCount {
            for (index, found) in try reader.predictions(group, of: heads).enumerated() {
                let input = inputs[group * clientPlan.samplesPerGroup + index]
                #expect(try found.logits == reference.logits(input), "seed \(seed)")
            }
        }
        // What the plan announces is what travels.
        let form = clientPlan.method
        func body(_ bytes: [UInt8]) -> Int {
            Fixture.groups(bytes)[0].count - GroupHead.length - Envelope.checksumLength
        }
        let samples = min(inputs.count, clientPlan.samplesPerGroup)
        #expect(body(request) == form.requestLength(samples: samples))
        #expect(body(reply) == form.replyLength(samples: samples))
        #expect(
            form.requestLength(samples: clientPlan.samplesPerGroup)
                == plan.cost.requestBytes)
        #expect(form.replyLength(samples: clientPlan.samplesPerGroup) == plan.cost.replyBytes)
        #expect(try Fixture.sections(keys)[6]?.count == plan.cost.evaluationKeyBytes)
    }
}
