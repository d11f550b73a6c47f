// SPDX-License-Identifier: Apache-2.0

import BigIntegers
import Files
import FuzzTargets
import Inference
import InferenceClient
import IntegerNetworks
import Lattice
import Paillier
import Ring
import Synchronization
import TestSupport
import Wire

/// A plan without security of each method, and one more of branches and guessed bounds.
enum Method: String, CaseIterable {
    case slots, branches, features, paillier, clear

    /// Those with keys.
    static let encrypted = allCases.filter { $0 != .clear }
    /// Those on BFV.
    static let onLattices: [Method] = [.slots, .branches, .features]

    func plan(seed: UInt64) throws -> Plan {
        let small = Planner.insecure(degrees: [64, 128])
        switch self {
        case .slots: return try small.plan(Networks.square(seed: seed), method: .slots)
        case .branches:
            let network = try Networks.graph(seed: seed + 2)
            return try Planner.insecure(degrees: [64, 128, 256]).plan(
                network,
                outputs: OutputReading(
                    network, bounds: OutputBounds.certify(network).outputs,
                    boundMethod: "calibrated", rangeIsProven: false), method: .slots)
        case .features:
            return try small.plan(Networks.square(seed: seed), method: .features(samples: 8))
        case .paillier: return try small.plan(Networks.linear(seed: seed), method: .paillier)
        case .clear:
            return try small.plan(
                Networks.square(seed: seed), method: MethodChoice(.insecureClear))
        }
    }
}

/// Refusals that aren't counted.
struct NoRefusals: RefusalRecord {
    func count() -> Int { 0 }
    func increment() {}
}

/// A plan, those who work with it, and one file of each kind. Requests have three groups, the last of which is not full
/// where a group holds more than one sample; of the method without encryption they have one.
struct Fixture: Sendable {
    let method: Method
    let plan: Plan
    let client: Client
    let keys: EvaluationKeySet
    let model: PreparedModel
    let server: Server
    let samples: [[Int]]
    let heads: RequestHeads
    let files: [ArtifactKind: [UInt8]]

    private struct Key: Hashable {
        let method: Method
        let seed: UInt64
    }

    private static let known = Mutex<[Key: Fixture]>([:])

    /// Made once for all tests.
    /// - Parameter seed: of another plan, for files that don't belong together.
    static func of(_ method: Method, seed: UInt64 = 7) throws -> Fixture {
        try known.withLock { known in
            let key = Key(method: method, seed: seed)
            if let fixture = known[key] { return fixture }
            let fixture = try Fixture(method, method.plan(seed: seed), seed: seed)
            known[key] = fixture
            return fixture
        }
    }

    init(_ method: Method, _ plan: Plan, seed: UInt64) throws {
        self.method = method
        self.plan = plan
        // Damaged replies in hundreds: keys that never wear out.
        client = try Client(
            plan.client, secretKey: Client(plan.client).serializedSecretKey(),
            refusals: NoRefusals())
        keys = try client.evaluationKeys()
        model = try PreparedModel(plan)
        server = try model.server(for: keys)
        let capacity = plan.client.samplesPerGroup
        var generator = SplitMix64(seed: seed)
        let count = method == .clear ? 3 : capacity == 1 ? 3 : 2 * capacity + 3
        samples = (0..<count).map { _ in
            RandomNetwork.input(for: plan.network, using: &generator)
        }
        let request = try client.encrypt(quantized: samples)
        heads = RequestHeads(request)
        files = [
            .serverPlan: try plan.serialized(), .clientPlan: try plan.client.serialized(),
            .secretKey: try client.serializedSecretKey(), .evaluationKeys: try keys.serialized(),
            .request: try request.serialized(),
            .reply: try server.predict(request).serialized(),
        ]
    }

    func bytes(_ kind: ArtifactKind) -> [UInt8] { files[kind]! }

    /// What the integer network says.
    func logits() throws -> [[BigInt]] {
        let reference = IntegerReference(plan.network)
        return try samples.map { try reference.logits($0) }
    }

    /// Reads as the kind's receiver does, and writes again.
    func rewritten(_ bytes: [UInt8], as kind: ArtifactKind) throws -> [UInt8] {
        switch kind {
        case .serverPlan: try Plan(serialized: bytes, allowInsecure: true).serialized()
        case .clientPlan: try ClientPlan(serialized: bytes, allowInsecure: true).serialized()
        case .secretKey: try Client(plan.client, secretKey: bytes).serializedSecretKey()
        case .evaluationKeys: try EvaluationKeySet(serialized: bytes).serialized()
        case .request: try RequestReader(MemorySource(bytes), server: server).request().serialized()
        case .reply: try ReplyReader(MemorySource(bytes), client: client).reply().serialized()
        }
    }

    /// Reads as the kind's receiver does, and does with it what the receiver would.
    func use(_ bytes: [UInt8], as kind: ArtifactKind) throws {
        switch kind {
        case .serverPlan: try Self.serve(Plan(serialized: bytes, allowInsecure: true))
        case .clientPlan:
            try Self.own(Client(ClientPlan(serialized: bytes, allowInsecure: true)))
        case .secretKey:
            let client = try Client(plan.client, secretKey: bytes)
            _ = try client.encrypt(quantized: [samples[0]])
            _ = try logits(self.bytes(.reply), client: client)
        case .evaluationKeys:
            let server = try model.server(for: EvaluationKeySet(serialized: bytes))
            _ = try server.predict(client.encrypt(quantized: [samples[0]]))
        case .request:
            let reader = try RequestReader(MemorySource(bytes), server: server)
            for group in 0..<reader.groupCount { _ = try server.predict(reader.group(group)) }
        case .reply: _ = try logits(bytes, client: client)
        }
    }

    /// The outputs in a file of replies to the fixture's request.
    func logits(_ reply: [UInt8], client: Client) throws -> [[BigInt]] {
        let reader = try ReplyReader(MemorySource(reply), client: client)
        return try (0..<reader.groupCount).flatMap { group in
            try reader.predictions(group, of: heads).map(\.logits)
        }
    }

    /// A server's whole life with a plan that was read: keys, preparation, a prediction.
    static func serve(_ plan: Plan) throws {
        let client = try Client(plan.client)
        let server = try Server(plan, keys: client.evaluationKeys())
        let request = try client.encrypt(quantized: [Party.anySample(plan.client.input)])
        _ = try client.decrypt(server.predict(request), of: request)
    }

    /// A client's whole life with a plan that was read: keys, a request, a reply that some server made up.
    static func own(_ client: Client) throws {
        let request = try client.encrypt(quantized: [Party.anySample(client.plan.input)])
        _ = try client.serializedSecretKey()
        _ = try client.evaluationKeys().serialized()
        let length = client.plan.method.replyLength(samples: 1)
        let sink = MemorySink()
        try GroupHead(replyTo: request.groups[0].head, bodyLength: length).write(
            Filler(byteCount: length), to: sink)
        // Some such replies are told from a server's, and some can't be.
        do {
            let reply = try ReplyReader(MemorySource(sink.bytes), client: client).reply()
            _ = try client.decrypt(reply, of: request)
        } catch  where Party.isTyped(error) {}
    }
}

/// A body of bytes that mean nothing.
private struct Filler: GroupBody {
    let byteCount: Int

    func write(to sink: any ByteSink) throws {
        try sink.write((0..<byteCount).map { UInt8(truncatingIfNeeded: $0 &* 151) & 0x7F })
    }
}
