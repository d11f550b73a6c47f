import BigIntegers
import Foundation
import Inference
import IntegerNetworks
import ONNXModels
import TestSupport
import Wire

/// A plan of the batch layout on a small ring without security, and its files of groups, the last of which is not full.
struct BatchFixture: Sendable {
    let plan: Plan
    let client: BatchClient
    let server: BatchServer
    let inputs: [[Int]]
    /// Bytes of the files.
    let request: [UInt8]
    let reply: [UInt8]
    /// Of the plan and its keys.
    let files: [(ArtifactKind, [UInt8])]

    static let shared = Result { try BatchFixture(seed: 7) }
    static let other = Result { try BatchFixture(seed: 8) }
    static let kinds = ArtifactKind.allCases.filter(\.isBatch)

    init(seed: UInt64) throws {
        let plan = try Planner.insecure(degrees: [64, 128]).plan(
            ONNXModel.load(TinyModel.bytes(seed: seed)).integerNetwork(), layout: .batch,
            samples: 8)
        self.plan = plan
        let owner = try Client(plan: plan.client)
        client = try BatchClient(owner)
        let keys = try owner.makeEvaluationKeys()
        server = try BatchServer(plan: plan, evaluationKeys: keys)
        var generator = SplitMix64(seed: seed)
        inputs = (0..<2 * client.capacity + 3).map { _ in
            RandomNetwork.input(for: plan.network, using: &generator)
        }
        request = try Self.request(client, inputs)
        reply = try Self.reply(server, request)
        files = [
            (.clientPlan, try Artifact.encode(plan.client)),
            (.secretKey, try Artifact.encodeSecretKey(of: owner)),
            (.evaluationKey, try Artifact.encode(keys, plan: plan.client)),
        ]
    }

    func bytes(_ kind: ArtifactKind) -> [UInt8] { kind == .batchRequest ? request : reply }

    /// The bytes of a file of encrypted samples.
    static func request(_ client: BatchClient, _ inputs: [[Int]]) throws -> [UInt8] {
        try withFolder { folder in
            let writer = try BatchRequestWriter(
                path: folder + "/batch.ct", plan: client.plan, sampleCount: inputs.count)
            while !writer.nextSamples.isEmpty {
                try writer.append(client.encrypt(quantized: Array(inputs[writer.nextSamples])))
            }
            try writer.finish()
            return try ArtifactFile.read(folder + "/batch.ct")
        }
    }

    static func reply(_ server: BatchServer, _ request: [UInt8]) throws -> [UInt8] {
        try withFolder { folder in
            try ArtifactFile.write(request, to: folder + "/batch.ct")
            let reader = try BatchRequestReader(
                path: folder + "/batch.ct", plan: server.plan.client)
            let writer = try BatchReplyWriter(path: folder + "/replies.ct", request: reader)
            for group in 0..<reader.groupCount {
                try writer.append(server.predict(reader.group(group)))
            }
            try writer.finish()
            return try ArtifactFile.read(folder + "/replies.ct")
        }
    }

    var logits: [[BigInt]] {
        get throws { try inputs.map { try IntegerReference.logits(plan.network, input: $0) } }
    }

    /// The logits in a file of replies.
    func logits(in path: String) throws -> [[BigInt]] {
        let reader = try BatchReplyReader(path: path, plan: plan.client)
        return try (0..<reader.groupCount).flatMap { group in
            try client.decrypt(reader.group(group)).map(\.logits)
        }
    }

    /// Reads a file as its receiver would: all groups, and what is done with them.
    func use(_ bytes: [UInt8], as kind: ArtifactKind) throws {
        try Self.withFolder { folder in
            let path = folder + "/file"
            try Data(bytes).write(to: URL(fileURLWithPath: path))
            if kind == .batchRequest {
                let reader = try BatchRequestReader(path: path, plan: plan.client)
                for group in 0..<reader.groupCount {
                    _ = try server.predict(reader.group(group))
                }
            } else {
                _ = try logits(in: path)
            }
        }
    }

    /// A file's groups, envelopes and all.
    static func groups(_ bytes: [UInt8]) -> [[UInt8]] {
        var rest = bytes[...]
        var groups: [[UInt8]] = []
        while !rest.isEmpty {
            let length = rest.dropFirst(48).prefix(8).reversed().reduce(0) { $0 << 8 | Int($1) }
            let size = Envelope.headerLength + length + Envelope.checksumLength
            groups.append(Array(rest.prefix(size)))
            rest = rest.dropFirst(size)
        }
        return groups
    }

    /// A group with another payload, its checksum right.
    static func resealed(
        _ group: [UInt8], _ kind: ArtifactKind, _ change: (inout [UInt8]) throws -> Void
    ) throws -> [UInt8] {
        let envelope = try Envelope.open(group, expecting: kind)
        var payload = Array(envelope.payload)
        try change(&payload)
        return Envelope.seal(payload, kind: kind, digest: envelope.digest)
    }

    /// A folder of its own, removed at the end.
    static func withFolder<Result>(_ body: (String) throws -> Result) throws -> Result {
        let folder = FileManager.default.temporaryDirectory
            .appendingPathComponent("blindsight-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        return try body(folder.path)
    }
}
