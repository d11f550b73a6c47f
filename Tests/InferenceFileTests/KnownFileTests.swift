import Foundation
import Inference
import TestSupport
import Testing
import Wire

/// Files of older format versions and of this one that were written once and must stay readable; the README.md of each
/// folder says where they come from.
@Suite struct KnownFileTests {
    static func folder(_ version: Int) -> URL {
        URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appendingPathComponent("Vectors/wire-v\(version)")
    }
    static let names: [(ArtifactKind, String)] = [
        (.clientPlan, "client.plan"), (.secretKey, "secret.key"),
        (.evaluationKey, "evaluation.key"), (.request, "sample.ct"), (.reply, "reply.ct"),
    ]

    struct KnownAnswers: Codable, Equatable {
        var planDigest: String
        var logits: [String]
        var label: String
        /// Of each sample of the batch.
        var batchLogits: [[String]]?
    }

    /// Since version 4.
    static let batchNames: [(ArtifactKind, String)] = [
        (.clientPlan, "batch-client.plan"), (.secretKey, "batch-secret.key"),
        (.evaluationKey, "batch-evaluation.key"), (.batchRequest, "batch.ct"),
        (.batchReply, "batch-reply.ct"),
    ]

    private func bytes(_ kind: ArtifactKind, _ version: Int) throws -> [UInt8] {
        let name = try #require(Self.names.first { $0.0 == kind }).1
        return try ArtifactFile.read(Self.folder(version).appendingPathComponent(name).path)
    }

    /// Payloads are written as they were; only the version in the header moves on.
    private func expectSame(_ found: [UInt8], _ kind: ArtifactKind, _ version: Int) throws {
        let old = try Envelope.open(bytes(kind, version))
        let new = try Envelope.open(found)
        #expect(old.payload == new.payload && old.digest == new.digest, "\(kind)")
    }

    @Test(arguments: [2, 3, 4]) func oldFilesAreReadAndWrittenAlike(version: Int) throws {
        func bytes(_ kind: ArtifactKind) throws -> [UInt8] { try self.bytes(kind, version) }
        #expect(try Artifact.inspect(bytes(.clientPlan)).version == version)
        let plan = try Artifact.decodeClientPlan(bytes(.clientPlan), allowInsecure: true)
        try expectSame(Artifact.encode(plan), .clientPlan, version)
        let client = try Artifact.decodeClient(secretKey: bytes(.secretKey), plan: plan)
        try expectSame(Artifact.encodeSecretKey(of: client), .secretKey, version)
        let keys = try Artifact.decodeEvaluationKeys(bytes(.evaluationKey), plan: plan)
        try expectSame(Artifact.encode(keys, plan: plan), .evaluationKey, version)
        let sample = try Artifact.decodeSample(bytes(.request), plan: plan)
        try expectSame(Artifact.encode(sample, plan: plan), .request, version)
        let reply = try Artifact.decodeReply(bytes(.reply), plan: plan)
        try expectSame(Artifact.encode(reply, plan: plan), .reply, version)

        let answers = try JSONDecoder().decode(
            KnownAnswers.self,
            from: Data(
                contentsOf: Self.folder(version).appendingPathComponent("answers.json")))
        let prediction = try client.decrypt(reply)
        #expect(try Artifact.planDigest(plan) == answers.planDigest)
        #expect(prediction.logits.map(\.description) == answers.logits)
        #expect(prediction.label == answers.label)
    }

    @Test(arguments: [4]) func oldBatchesAreReadAndWrittenAlike(version: Int) throws {
        func path(_ kind: ArtifactKind) throws -> String {
            let name = try #require(Self.batchNames.first { $0.0 == kind }).1
            return Self.folder(version).appendingPathComponent(name).path
        }
        let plan = try Artifact.decodeClientPlan(
            ArtifactFile.read(path(.clientPlan)), allowInsecure: true)
        let owner = try Artifact.decodeClient(
            secretKey: ArtifactFile.read(path(.secretKey)), plan: plan)
        let keys = try Artifact.decodeEvaluationKeys(
            ArtifactFile.read(path(.evaluationKey)), plan: plan)
        #expect(keys.relinearization != nil)
        let request = try BatchRequestReader(path: path(.batchRequest), plan: plan)
        let replies = try BatchReplyReader(path: path(.batchReply), plan: plan)
        try replies.requireReplies(to: request)

        let client = try BatchClient(owner)
        let logits = try (0..<replies.groupCount).flatMap { group in
            try client.decrypt(replies.group(group)).map { $0.logits.map(\.description) }
        }
        let answers = try JSONDecoder().decode(
            KnownAnswers.self,
            from: Data(
                contentsOf: Self.folder(version).appendingPathComponent("answers.json")))
        #expect(logits == answers.batchLogits)

        try BatchFixture.withFolder { folder in
            let writer = try BatchRequestWriter(
                path: folder + "/batch.ct", plan: plan, sampleCount: request.sampleCount)
            for group in 0..<request.groupCount { try writer.append(request.group(group)) }
            try writer.finish()
            let old = try BatchFixture.groups(ArtifactFile.read(path(.batchRequest)))
            let new = try BatchFixture.groups(ArtifactFile.read(folder + "/batch.ct"))
            #expect(old.count == new.count)
            for (old, new) in zip(old, new) {
                let old = try Envelope.open(old, expecting: .batchRequest)
                let new = try Envelope.open(new, expecting: .batchRequest)
                #expect(old.payload == new.payload && old.digest == new.digest)
            }
        }
    }

    /// Writes the files anew. Only for a new format version, into a new folder: old ones are there to stay as they are.
    @Test(.enabled(if: ProcessInfo.processInfo.environment["BLINDSIGHT_WRITE_VECTORS"] != nil))
    func write() throws {
        let fixture = try Fixture.quantized(seed: 9)
        let folder = Self.folder(Int(Envelope.version))
        for (kind, name) in Self.names {
            try ArtifactFile.write(
                fixture.files[kind]!, to: folder.appendingPathComponent(name).path,
                overwrite: true)
        }
        let batch = try BatchFixture.shared.get()
        let inputs = Array(batch.inputs.prefix(batch.client.capacity + 2))
        let request = try BatchFixture.request(batch.client, inputs)
        let files =
            batch.files + [
                (.batchRequest, request),
                (.batchReply, try BatchFixture.reply(batch.server, request)),
            ]
        for (kind, name) in Self.batchNames {
            try ArtifactFile.write(
                files.first { $0.0 == kind }!.1, to: folder.appendingPathComponent(name).path,
                overwrite: true)
        }
        let logits = try fixture.logits
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
        var text = try encoder.encode(
            KnownAnswers(
                planDigest: Artifact.planDigest(fixture.plan.client),
                logits: logits.map(\.description), label: fixture.plan.client.labels[0],
                batchLogits: batch.logits.prefix(inputs.count).map { $0.map(\.description) }))
        text.append(10)
        try text.write(to: folder.appendingPathComponent("answers.json"))
    }
}
