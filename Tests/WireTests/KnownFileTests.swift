import Foundation
import Inference
import TestSupport
import Testing
import Wire

/// Files of format version 2 that were written once and must stay readable; Tests/Vectors/wire-v2/README.md says
/// where they come from.
@Suite struct KnownFileTests {
    static let folder = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent()
        .appendingPathComponent("Vectors/wire-v2")
    static let names: [(ArtifactKind, String)] = [
        (.clientPlan, "client.plan"), (.secretKey, "secret.key"),
        (.evaluationKey, "evaluation.key"), (.request, "sample.ct"), (.reply, "reply.ct"),
    ]

    struct KnownAnswers: Codable, Equatable {
        var planDigest: String
        var logits: [String]
        var label: String
    }

    private func bytes(_ kind: ArtifactKind) throws -> [UInt8] {
        let name = try #require(Self.names.first { $0.0 == kind }).1
        return try ArtifactFile.read(Self.folder.appendingPathComponent(name).path)
    }

    @Test func oldFilesAreReadAndWrittenAlike() throws {
        let plan = try Artifact.decodeClientPlan(bytes(.clientPlan), allowInsecure: true)
        #expect(try Artifact.encode(plan) == bytes(.clientPlan))
        let client = try Artifact.decodeClient(secretKey: bytes(.secretKey), plan: plan)
        #expect(try Artifact.encodeSecretKey(of: client) == bytes(.secretKey))
        let keys = try Artifact.decodeEvaluationKeys(bytes(.evaluationKey), plan: plan)
        #expect(try Artifact.encode(keys, plan: plan) == bytes(.evaluationKey))
        let sample = try Artifact.decodeSample(bytes(.request), plan: plan)
        #expect(try Artifact.encode(sample, plan: plan) == bytes(.request))
        let reply = try Artifact.decodeReply(bytes(.reply), plan: plan)
        #expect(try Artifact.encode(reply, plan: plan) == bytes(.reply))

        let answers = try JSONDecoder().decode(
            KnownAnswers.self,
            from: Data(contentsOf: Self.folder.appendingPathComponent("answers.json")))
        let prediction = try client.decrypt(reply)
        #expect(try Artifact.planDigest(plan) == answers.planDigest)
        #expect(prediction.logits.map(\.description) == answers.logits)
        #expect(prediction.label == answers.label)
    }

    /// Writes the files anew. Only for a new format version, into a new folder: old ones are there to stay as they are.
    @Test(.enabled(if: ProcessInfo.processInfo.environment["BLINDSIGHT_WRITE_VECTORS"] != nil))
    func write() throws {
        let fixture = try Fixture(seed: 7)
        for (kind, name) in Self.names {
            try ArtifactFile.write(
                fixture.files[kind]!, to: Self.folder.appendingPathComponent(name).path,
                overwrite: true)
        }
        let logits = try fixture.logits
        let index = logits.firstIndex(of: logits.max()!)!
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
        var text = try encoder.encode(
            KnownAnswers(
                planDigest: Artifact.planDigest(fixture.plan.client),
                logits: logits.map(\.description), label: fixture.plan.client.labels[index]))
        text.append(10)
        try text.write(to: Self.folder.appendingPathComponent("answers.json"))
    }
}
