import Blindsight

/// The steps of the demonstration. What one role gives another is encoded by the giver and decoded by the taker, as files
/// would be.
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
            let plan = try Plan(model: model) { progress.show($0) }
            return (plan, nil)
        }
    }

    /// The client, and the evaluation keys' bytes.
    mutating func makeKeys(plan: ClientPlan) throws -> (client: Client, keys: [UInt8]) {
        let progress = ProgressBar("  keys")
        defer { progress.finish() }
        return try step("client makes keys") {
            let received = try Artifact.decodeClientPlan(Artifact.encode(plan))
            let client = try Client(plan: received)
            let keys = try Artifact.encode(
                client.makeEvaluationKeys { progress.update($0, of: $1) }, plan: received)
            return ((client, keys), keys.count)
        }
    }

    mutating func encrypt(_ sample: [Float], by client: Client) throws -> [UInt8] {
        try step("client encrypts") {
            let bytes = try Artifact.encode(client.encrypt(sample), plan: client.plan)
            return (bytes, bytes.count)
        }
    }

    mutating func predict(
        _ request: [UInt8], evaluationKeys: [UInt8], plan: Plan
    ) throws -> [UInt8] {
        let progress = ProgressBar("  server")
        defer { progress.finish() }
        let threads = Threads.cores
        let server = try step("server loads keys and weights") {
            let keys = try Artifact.decodeEvaluationKeys(evaluationKeys, plan: plan.client)
            let server = try Server(plan: plan, evaluationKeys: keys, threads: threads)
            return (server, nil)
        }
        return try step("server predicts, \(Threads.words(threads))") {
            let sample = try Artifact.decodeSample(request, plan: plan.client)
            let reply = try server.predict(sample) { progress.update($0, of: $1) }
            let bytes = try Artifact.encode(reply, plan: plan.client)
            return (bytes, bytes.count)
        }
    }

    mutating func decrypt(_ reply: [UInt8], by client: Client) throws -> Prediction {
        try step("client decrypts") {
            (try client.decrypt(Artifact.decodeReply(reply, plan: client.plan)), nil)
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
