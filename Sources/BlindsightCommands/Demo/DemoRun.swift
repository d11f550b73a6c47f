// SPDX-License-Identifier: Apache-2.0

import Blindsight
import Threading

/// The steps of the demonstration. What one role gives another is encoded by the giver and decoded by the taker, as
/// files would be.
struct DemoRun {
    /// A step's time, encoding and decoding counted in, and the bytes that it hands on.
    struct Step {
        let name: String
        let duration: Duration
        let bytes: Int?
    }

    private(set) var steps: [Step] = []

    mutating func makePlan(model: [UInt8]) throws -> Plan {
        let progress = ProgressBar("  plan")
        defer { progress.finish() }
        return try step("plan and certify") {
            (try PlannedModel(model: model) { progress.show($0) }.plan, nil)
        }
    }

    /// The client, and the evaluation keys' bytes.
    mutating func makeKeys(plan: ClientPlan) throws -> (client: Client, keys: [UInt8]) {
        let progress = ProgressBar("  keys")
        defer { progress.finish() }
        return try step("client makes keys") {
            let client = try Client(ClientPlan(serialized: plan.serialized()))
            let keys = try client.evaluationKeys { progress.update($0, of: $1) }.serialized()
            return ((client, keys), keys.count)
        }
    }

    mutating func encrypt(_ sample: [Float], by client: Client) throws -> [UInt8] {
        try step("client encrypts") {
            let bytes = try client.encrypt(sample).serialized()
            return (bytes, bytes.count)
        }
    }

    mutating func predict(
        _ request: [UInt8], evaluationKeys: [UInt8], plan: Plan
    ) throws -> [UInt8] {
        let progress = ProgressBar("  server")
        defer { progress.finish() }
        let server = try step("server loads keys and weights") {
            (
                try PreparedModel(plan).server(
                    for: EvaluationKeySet(serialized: evaluationKeys)), nil
            )
        }
        return try step("server predicts, \(ThreadCount.words(WorkerPool.cores))") {
            let request = try RequestReader(MemorySource(request), server: server).request()
            let bytes = try server.predict(request) { progress.update($0, of: $1) }.serialized()
            return (bytes, bytes.count)
        }
    }

    /// - Parameter request: what the reply must answer.
    mutating func decrypt(
        _ reply: [UInt8], of request: [UInt8], by client: Client
    ) throws -> Prediction {
        try step("client decrypts") {
            let reader = try ReplyReader(MemorySource(reply), client: client)
            let heads = try RequestHeads(MemorySource(request), plan: client.plan)
            try reader.requireReplies(to: heads)
            return (try reader.predictions(0, of: heads)[0], nil)
        }
    }

    private mutating func step<Value>(
        _ name: String, _ body: () throws -> (Value, bytes: Int?)
    ) throws -> Value {
        let start = ContinuousClock.now
        let (value, bytes) = try body()
        steps.append(Step(name: name, duration: ContinuousClock.now - start, bytes: bytes))
        return value
    }
}
