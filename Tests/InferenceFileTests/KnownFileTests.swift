// SPDX-License-Identifier: Apache-2.0

import BigIntegers
import Files
import Foundation
import Inference
import InferenceClient
import IntegerNetworks
import TestSupport
import Testing
import Wire

/// Files that were written once: those of this format version stay readable, those of older ones are refused by their
/// version. The README.md of each folder says where they come from.
@Suite struct KnownFileTests {
    private static let vectors = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("Vectors")
    private static let names: [ArtifactKind: String] = [
        .serverPlan: "server.plan", .clientPlan: "client.plan", .secretKey: "secret.key",
        .evaluationKeys: "evaluation.key", .request: "request.ct", .reply: "reply.ct",
    ]

    private struct Answers: Codable, Equatable {
        let planDigest: String
        let keySetDigest: String
        /// Of each sample.
        let inputs: [[Int]]
        let logits: [[String]]
        let labels: [String]
    }

    private static func path(_ method: Method, _ name: String) -> String {
        "\(vectors.path)/wire-v6/\(method.rawValue)/\(name)"
    }

    private static func bytes(_ method: Method, _ kind: ArtifactKind) throws -> [UInt8] {
        try RegularFile.bytes(of: path(method, names[kind]!), limit: 1 << 20)
    }

    private static func answers(_ method: Method) throws -> Answers {
        try JSONDecoder().decode(
            Answers.self, from: Data(contentsOf: URL(fileURLWithPath: path(method, "answers.json")))
        )
    }

    @Test(arguments: Method.allCases) func areReadAndWrittenAlike(method: Method) throws {
        let answers = try Self.answers(method)
        func bytes(_ kind: ArtifactKind) throws -> [UInt8] { try Self.bytes(method, kind) }
        let plan = try Plan(serialized: bytes(.serverPlan), allowInsecure: true)
        #expect(try plan.serialized() == bytes(.serverPlan))
        let clientPlan = try ClientPlan(serialized: bytes(.clientPlan), allowInsecure: true)
        #expect(try clientPlan.serialized() == bytes(.clientPlan))
        #expect(clientPlan == plan.client)
        #expect(Envelope.hexadecimal(clientPlan.digest) == answers.planDigest)
        #expect(Envelope.hexadecimal(clientPlan.keySetDigest) == answers.keySetDigest)
        let client = try Client(clientPlan, secretKey: bytes(.secretKey))
        #expect(try client.serializedSecretKey() == bytes(.secretKey))
        let keys = try EvaluationKeySet(serialized: bytes(.evaluationKeys))
        #expect(try keys.serialized() == bytes(.evaluationKeys))

        let server = try Server(plan, keys: keys)
        let reader = try RequestReader(MemorySource(bytes(.request)), server: server)
        let request = try reader.request()
        #expect(try request.serialized() == bytes(.request))
        let replies = try ReplyReader(MemorySource(bytes(.reply)), client: client)
        try replies.requireReplies(to: reader.heads)
        let reply = try replies.reply()
        #expect(try reply.serialized() == bytes(.reply))
        // The reply that was kept, one to the request that was kept, one to a request made now.
        let again = try client.encrypt(quantized: answers.inputs)
        for (reply, request) in try [
            (reply, request), (server.predict(request), request), (server.predict(again), again),
        ] {
            let predictions = try client.decrypt(reply, of: request)
            #expect(predictions.map { $0.logits.map(\.description) } == answers.logits)
            #expect(predictions.map(\.label) == answers.labels)
        }
    }

    /// What the planner decides may change; what was decided holds.
    @Test(arguments: Method.allCases) func provenAnew(method: Method) throws {
        let plan = try Plan(serialized: Self.bytes(method, .serverPlan), allowInsecure: true)
        #expect(try plan.proven().client == plan.client)
    }

    // MARK: Older versions

    private static let older: [(version: Int, name: String, kind: ArtifactKind)] =
        [2, 3, 4].flatMap { version in
            [
                (version, "client.plan", .clientPlan), (version, "secret.key", .secretKey),
                (version, "evaluation.key", .evaluationKeys), (version, "sample.ct", .request),
                (version, "reply.ct", .reply),
            ]
        } + [
            (4, "batch-client.plan", .clientPlan), (4, "batch-secret.key", .secretKey),
            (4, "batch-evaluation.key", .evaluationKeys), (4, "batch.ct", .request),
            (4, "batch-reply.ct", .reply),
        ]
        + ["slots", "paillier"].flatMap { method in
            names.map { (5, "\(method)/\($0.value)", $0.key) }
        }

    @Test func olderVersionsAreRefusedByName() throws {
        let fixture = try Fixture.of(.slots)
        for (version, name, kind) in Self.older {
            let path = Self.vectors.appendingPathComponent("wire-v\(version)/\(name)").path
            let bytes = try RegularFile.bytes(of: path, limit: 1 << 20)
            let error = WireError.unsupportedVersion(version)
            #expect(throws: error, "\(path)") { try fixture.use(bytes, as: kind) }
            #expect(throws: error, "\(path)") { try ArtifactSummary(path: path) }
            // As other kinds too: the version comes first.
            for other in ArtifactKind.allCases {
                #expect(throws: error, "\(path)") { try fixture.use(bytes, as: other) }
            }
            if kind == .request {
                let stream = RequestStream(
                    SourceStream(MemorySource(bytes)), server: fixture.server)
                #expect(throws: error, "\(path)") { try stream.next() }
            }
            #expect(error.description.contains("format version \(version), of an earlier release"))
            #expect(error.description.contains("plan the model again and make new keys"))
        }
    }

    // MARK: Writing

    /// Writes the files anew. Only for a new format version, into a new folder: old ones are there to stay as they are.
    @Test(
        .enabled(if: ProcessInfo.processInfo.environment["BLINDSIGHT_WRITE_VECTORS"] != nil),
        arguments: Method.allCases)
    func write(method: Method) throws {
        let plan = try method.plan(seed: 7)
        // Of methods with more than one sample a group: two groups, the second of two samples.
        let count =
            method == .clear || plan.client.samplesPerGroup == 1
            ? 2 : plan.client.samplesPerGroup + 2
        var generator = SplitMix64(seed: 50)
        let inputs = (0..<count).map { _ in
            RandomNetwork.input(for: plan.network, using: &generator)
        }
        let client = try Client(plan.client)
        let keys = try client.evaluationKeys()
        let request = try client.encrypt(quantized: inputs)
        let reply = try Server(plan, keys: keys).predict(request)
        let files: [ArtifactKind: [UInt8]] = [
            .serverPlan: try plan.serialized(), .clientPlan: try plan.client.serialized(),
            .secretKey: try client.serializedSecretKey(), .evaluationKeys: try keys.serialized(),
            .request: try request.serialized(), .reply: try reply.serialized(),
        ]
        try FileSystem.makeFolder(Self.vectors.path + "/wire-v6/" + method.rawValue)
        for (kind, bytes) in files {
            try StagedFile.write(bytes, to: Self.path(method, Self.names[kind]!))
        }
        // By the plaintext network, not by what was decrypted.
        let reference = IntegerReference(plan.network)
        let logits = try inputs.map { try reference.logits($0) }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
        let text = try encoder.encode(
            Answers(
                planDigest: Envelope.hexadecimal(plan.client.digest),
                keySetDigest: Envelope.hexadecimal(plan.client.keySetDigest), inputs: inputs,
                logits: logits.map { $0.map(\.description) },
                labels: logits.map {
                    let outputs = plan.client.outputs
                    return outputs.labels[outputs.decision.index(of: $0)]
                }))
        try StagedFile.write(Array(text) + [10], to: Self.path(method, "answers.json"))
    }
}
