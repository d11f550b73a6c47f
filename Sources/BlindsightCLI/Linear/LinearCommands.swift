import Blindsight
import Foundation

/// What the commands do with a plan of a linear model under Paillier.
enum LinearCommands {
    static func keygen(plan path: String, output: String, force: Bool, options: OutputOptions)
        throws
    {
        let plan = try LinearFiles.clientPlan(path)
        let secretPath = "\(output)/secret.key"
        let publicPath = "\(output)/evaluation.key"
        guard force || !FileSystem.exists(secretPath) else {
            throw CommandError.secretKeyExists(secretPath)
        }
        let start = ContinuousClock.now
        let client = try LinearClient(plan: plan, threads: Threads.cores)
        let elapsed = ContinuousClock.now - start
        let key = try Artifact.encode(client.publicKey, plan: plan)
        try Files.makeDirectory(output)
        var secret = try Artifact.encodeSecretKey(of: client)
        defer { secret.wipe() }
        try ArtifactFile.write(secret, to: secretPath, isSecret: true, overwrite: force)
        try ArtifactFile.write(key, to: publicPath)
        let object = JSON.object([
            ("secret_key", .string(secretPath)), ("secret_key_bytes", .integer(secret.count)),
            ("evaluation_key", .string(publicPath)), ("evaluation_key_bytes", .integer(key.count)),
            ("keygen_ms", .number(elapsed.milliseconds)),
        ])
        options.show(object) {
            """
            Written in \(Format.duration(elapsed))
              \(secretPath) (\(Format.bytes(secret.count))): yours alone
              \(publicPath) (\(Format.bytes(key.count))): for the server; a public key
            """
        }
    }

    /// Requests of more bytes are not made: all ciphertexts of one are in memory.
    private static let maximumRequestBytes = 1 << 30

    /// - Parameters:
    ///   - first: the first sample to take.
    ///   - limit: how many; nil for all.
    static func encrypt(
        plan path: String, key: String, input: String, first: Int, limit: Int?, output: String,
        threads: Int, options: OutputOptions
    ) throws {
        let plan = try LinearFiles.clientPlan(path)
        let samples = try Files.samples(input, for: plan.input)
        guard (0..<samples.count).contains(first) else {
            throw CommandError.noSuchSample(first, count: samples.count)
        }
        let count = min(limit ?? samples.count, samples.count - first)
        let size = plan.groups(of: count) * plan.cost.requestBytes
        guard size <= maximumRequestBytes else {
            throw CommandError.requestTooLarge(
                bytes: size,
                samples: maximumRequestBytes / plan.cost.requestBytes * plan.slotCount)
        }
        let client = try LinearFiles.client(secretKey: key, plan: plan, threads: threads)
        let used = (first..<first + count).map { samples.sample(at: $0) }
        let start = ContinuousClock.now
        let request = try client.encrypt(used)
        let elapsed = ContinuousClock.now - start
        let bytes = try Artifact.encode(request, plan: plan)
        try ArtifactFile.write(bytes, to: output)
        let object = JSON.object([
            ("ciphertext", .string(output)), ("samples", .integer(used.count)),
            ("request_bytes", .integer(bytes.count)), ("encrypt_ms", .number(elapsed.milliseconds)),
        ])
        options.show(object) {
            "Encrypted \(used.count == 1 ? "a sample" : "\(Format.grouped(used.count)) samples") of "
                + "\(input) in \(Format.duration(elapsed)): \(output) (\(Format.bytes(bytes.count)))"
        }
    }

    static func predict(
        plan path: String, key: String, sample: String, output: String, threads: Int,
        options: OutputOptions
    ) throws {
        let plan = try LinearFiles.serverPlan(path).plan
        let publicKey = try Files.named(key) {
            try Artifact.decodePublicKey($0, plan: plan.client)
        }
        let request = try Files.named(sample) {
            try Artifact.decodeLinearRequest($0, plan: plan.client, publicKey: publicKey)
        }
        let server = try LinearServer(plan: plan, publicKey: publicKey, threads: threads)
        let start = ContinuousClock.now
        let reply = try server.predict(request)
        let elapsed = ContinuousClock.now - start
        let bytes = try Artifact.encode(reply, plan: plan.client)
        try ArtifactFile.write(bytes, to: output)
        let object = JSON.object([
            ("reply", .string(output)), ("reply_bytes", .integer(bytes.count)),
            ("samples", .integer(reply.sampleCount)),
            ("latency_ms", .number(elapsed.milliseconds)), ("threads", .integer(threads)),
        ])
        options.show(object) {
            "Predicted in \(Format.duration(elapsed)) on \(Threads.words(threads)): "
                + "\(output) (\(Format.bytes(bytes.count)))"
        }
    }

    /// All predictions of a reply.
    static func decrypt(
        plan path: String, key: String, reply: String, threads: Int
    ) throws -> (plan: LinearClientPlan, predictions: [Prediction]) {
        let plan = try LinearFiles.clientPlan(path)
        let client = try LinearFiles.client(secretKey: key, plan: plan, threads: threads)
        let encrypted = try Files.named(reply) {
            try Artifact.decodeLinearReply($0, plan: plan, publicKey: client.publicKey)
        }
        return (plan, try client.decrypt(encrypted))
    }
}

/// What `bench` measures of a linear plan.
struct LinearBenchmark {
    let plan: LinearClientPlan
    let threads: Int
    let samples: Int
    let prediction: Duration
    let encryption: Duration
    let decryption: Duration
    let keyGeneration: Duration

    static func run(
        plan: LinearPlan, repetitions: Int, threads: Int, samples: Int?, progress: ProgressBar
    ) throws -> LinearBenchmark {
        let clock = ContinuousClock()
        var client: LinearClient!
        let keyGeneration = try clock.measure {
            client = try LinearClient(plan: plan.client, threads: threads)
        }
        let server = try LinearServer(plan: plan, publicKey: client.publicKey, threads: threads)
        let count = samples ?? plan.client.slotCount
        let inputs = (0..<count).map { Benchmark.sample(plan.network.input, from: $0) }
        let reference = IntegerReference(plan.network)
        let expected = try inputs.map { try reference.logits($0) }
        var encryptions: [Duration] = []
        var predictions: [Duration] = []
        var decryptions: [Duration] = []
        for repetition in 0...repetitions {
            var request: LinearRequest!
            var reply: LinearReply!
            var results: [Prediction] = []
            encryptions.append(
                try clock.measure { request = try client.encrypt(quantized: inputs) })
            predictions.append(try clock.measure { reply = try server.predict(request) })
            decryptions.append(try clock.measure { results = try client.decrypt(reply) })
            guard results.map(\.logits) == expected else { throw CommandError.unequalResult }
            progress.update(repetition + 1, of: repetitions + 1)
        }
        return LinearBenchmark(
            plan: plan.client, threads: threads, samples: count,
            prediction: Benchmark.median(predictions.dropFirst()),
            encryption: Benchmark.median(encryptions.dropFirst()),
            decryption: Benchmark.median(decryptions.dropFirst()), keyGeneration: keyGeneration)
    }

    private func rate(_ time: Duration) -> Double { Double(samples) * 1000 / time.milliseconds }

    private var requestBytes: Int { plan.groups(of: samples) * plan.cost.requestBytes }
    private var replyBytes: Int { plan.groups(of: samples) * plan.cost.replyBytes }

    var json: JSON {
        .object([
            ("scheme", .string("paillier")), ("key_bits", .integer(plan.keySize.bits)),
            ("samples", .integer(samples)), ("threads", .integer(threads)),
            ("latency_ms", .number(prediction.milliseconds)),
            ("throughput_per_second", .number(rate(prediction))),
            ("encrypt_ms", .number(encryption.milliseconds)),
            ("decrypt_ms", .number(decryption.milliseconds)),
            ("keygen_ms", .number(keyGeneration.milliseconds)),
            ("request_bytes", .integer(requestBytes)), ("reply_bytes", .integer(replyBytes)),
            ("evaluation_key_bytes", .integer(plan.cost.publicKeyBytes)),
            ("products", .integer(plan.cost.products)),
            ("peak_rss_bytes", .integer(ProcessMemory.peakBytes)),
        ])
    }

    var table: Table {
        var table = Table(.left, .right)
        table.add("scheme", "Paillier, \(Format.grouped(plan.keySize.bits)) bits")
        table.add("samples", "\(Format.grouped(samples)), \(plan.slotCount) a ciphertext")
        table.add("threads", "\(threads)")
        table.add("server (median)", Format.duration(prediction))
        table.add("samples a second, server", Format.grouped(Int(rate(prediction))))
        table.add("encrypt (median)", Format.duration(encryption))
        table.add("decrypt (median)", Format.duration(decryption))
        table.add("make key and tables", Format.duration(keyGeneration))
        table.add("request", Format.bytes(requestBytes))
        table.add("reply", Format.bytes(replyBytes))
        table.add("public key", Format.bytes(plan.cost.publicKeyBytes))
        table.add("products modulo n^2, a group", Format.grouped(plan.cost.products))
        table.add("peak memory", Format.bytes(ProcessMemory.peakBytes))
        return table
    }
}
