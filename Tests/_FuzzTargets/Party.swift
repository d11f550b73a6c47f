// SPDX-License-Identifier: Apache-2.0

import BFV
import Files
import Inference
import InferenceClient
import IntegerNetworks
import Lattice
import Paillier
import Wire

/// Those who work with one plan of Tests/Vectors, and the files that they were sent.
package struct Party: Sendable {
    package let plan: Plan
    let client: Client
    let server: Server
    let model: PreparedModel
    let heads: RequestHeads
    private let files: [ArtifactKind: [UInt8]]

    /// Refusals that aren't counted: replies are damaged in thousands.
    private struct NoRefusals: RefusalRecord {
        func count() -> Int { 0 }
        func increment() {}
    }

    package static let names: [ArtifactKind: String] = [
        .serverPlan: "server.plan", .clientPlan: "client.plan", .secretKey: "secret.key",
        .evaluationKeys: "evaluation.key", .request: "request.ct", .reply: "reply.ct",
    ]
    package static let methods = ["slots", "features", "paillier", "branches"]
    package static let vectors = folder("Tests/Vectors/wire-v6")

    /// One of each method.
    package static let all: [Party] = methods.map { try! Party(folder: "\(vectors)/\($0)") }

    /// A folder of the package.
    package static func folder(_ name: String) -> String {
        let parts = #filePath.split(separator: "/", omittingEmptySubsequences: false)
        return parts.dropLast(3).joined(separator: "/") + "/" + name
    }

    init(folder: String) throws {
        var files: [ArtifactKind: [UInt8]] = [:]
        for (kind, name) in Self.names {
            files[kind] = try RegularFile.bytes(of: "\(folder)/\(name)", limit: 1 << 20)
        }
        self.files = files
        plan = try Plan(serialized: files[.serverPlan]!, allowInsecure: true)
        client = try Client(
            plan.client, secretKey: files[.secretKey]!, refusals: NoRefusals())
        model = try PreparedModel(plan, threads: 1)
        server = try model.server(
            for: EvaluationKeySet(serialized: files[.evaluationKeys]!), threads: 1)
        heads = try RequestReader(MemorySource(files[.request]!), server: server).heads
    }

    /// What the header of a kind's file says that it is for.
    func digest(_ kind: ArtifactKind) -> [UInt8] { Array(files[kind]![16..<48]) }

    /// Reads as the kind's receiver does, and does with it what the receiver would.
    func use(_ bytes: [UInt8], as kind: ArtifactKind) throws {
        switch kind {
        case .serverPlan: try Self.serve(Plan(serialized: bytes, allowInsecure: true))
        case .clientPlan: try Self.own(ClientPlan(serialized: bytes, allowInsecure: true))
        case .secretKey:
            let client = try Client(plan.client, secretKey: bytes, refusals: NoRefusals())
            _ = try client.encrypt(quantized: [Self.anySample(plan.client.input)])
            try decrypt(files[.reply]!, client)
        case .evaluationKeys:
            let server = try model.server(for: EvaluationKeySet(serialized: bytes), threads: 1)
            let reader = try RequestReader(MemorySource(files[.request]!), server: server)
            _ = try server.predict(reader.group(0))
        case .request:
            let reader = try RequestReader(MemorySource(bytes), server: server)
            for group in 0..<min(reader.groupCount, 4) {
                _ = try server.predict(reader.group(group))
            }
        case .reply: try decrypt(bytes, client)
        }
    }

    private func decrypt(_ bytes: [UInt8], _ client: Client) throws {
        let reader = try ReplyReader(MemorySource(bytes), client: client)
        for group in 0..<min(reader.groupCount, 4) {
            for prediction in try reader.predictions(group, of: nil) { _ = prediction.label }
        }
        try reader.requireReplies(to: heads)
    }

    /// A server's whole life with a plan that was read.
    private static func serve(_ plan: Plan) throws {
        try requireSmall(plan.client)
        let client = try Client(plan.client, threads: 1)
        let server = try PreparedModel(plan, threads: 1).server(
            for: client.evaluationKeys(), threads: 1)
        let request = try client.encrypt(quantized: [anySample(plan.client.input)])
        _ = try client.decrypt(server.predict(request), of: request)
    }

    /// What a client does with a plan that was read before it has a reply.
    private static func own(_ plan: ClientPlan) throws {
        try requireSmall(plan)
        let client = try Client(plan, threads: 1)
        _ = try client.encrypt(quantized: [anySample(plan.input)])
        _ = try client.serializedSecretKey()
        _ = try client.evaluationKeys().serialized()
    }

    /// Keys of real sizes take seconds, which is no finding.
    private static func requireSmall(_ plan: ClientPlan) throws {
        guard plan.method.requestLength(samples: 1) <= 1 << 16,
            plan.method.replyLength(samples: 1) <= 1 << 16
        else { throw PlanError.invalid("too large to try") }
    }

    package static func anySample(_ input: InputSpecification) -> [Int] {
        [Int](
            repeating: min(max(0, input.range.lowerBound), input.range.upperBound),
            count: input.count)
    }

    /// Whether an error is one of the closed types that bytes from outside may lead to.
    package static func isTyped(_ error: any Error) -> Bool {
        error is WireError || error is ParameterError || error is NetworkError || error is PlanError
            || error is InferenceError || error is EvaluationError || error is PaillierError
    }
}
