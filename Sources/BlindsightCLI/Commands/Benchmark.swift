import Blindsight

/// What `bench` measures.
struct Benchmark {
    let threads: Int
    let latency: Duration
    let encryption: Duration
    let decryption: Duration
    let keyGeneration: Duration
    let requestBytes: Int
    let replyBytes: Int
    let evaluationKeyBytes: Int
    let operations: OperationCounts
    /// Of the last prediction, the server's part.
    let memory: ResidueMemory

    static func run(
        plan: Plan, repetitions: Int, threads: Int, progress: ProgressBar
    ) throws -> Benchmark {
        let clock = ContinuousClock()
        var client: Client!
        var keys: EvaluationKeys!
        let keyGeneration = try clock.measure {
            client = try Client(plan: plan.client)
            keys = try client.makeEvaluationKeys { progress.update($0, of: $1) }
        }
        let server = try Server(plan: plan, evaluationKeys: keys, threads: threads)
        let input = sample(plan.network.input)
        let expected = try IntegerReference.logits(plan.network, input: input)
        var encryptions: [Duration] = []
        var latencies: [Duration] = []
        var decryptions: [Duration] = []
        var operations = OperationCounts()
        var memory = ResidueMemory.total
        var request: EncryptedSample!
        var reply: EncryptedReply!
        var prediction: Prediction!
        for repetition in 0...repetitions {
            encryptions.append(
                try clock.measure { request = try client.encrypt(quantized: input) })
            let before = ResidueMemory.total
            latencies.append(
                try clock.measure { reply = try server.predict(request) })
            memory = ResidueMemory.total - before
            decryptions.append(try clock.measure { prediction = try client.decrypt(reply) })
            guard prediction.logits == expected else { throw CommandError.unequalResult }
            if repetition == 0 { operations = server.operations }
            progress.update(repetition + 1, of: repetitions + 1)
        }
        return Benchmark(
            threads: threads, latency: median(latencies.dropFirst()),
            encryption: median(encryptions.dropFirst()),
            decryption: median(decryptions.dropFirst()), keyGeneration: keyGeneration,
            requestBytes: try Artifact.encode(request, plan: plan.client).count,
            replyBytes: try Artifact.encode(reply, plan: plan.client).count,
            evaluationKeyBytes: try Artifact.encode(keys, plan: plan.client).count,
            operations: operations, memory: memory)
    }

    /// Values all over the box; time does not depend on them.
    static func sample(_ input: InputSpecification, from start: Int = 0) -> [Int] {
        let width = input.range.upperBound - input.range.lowerBound + 1
        return (0..<input.count).map { input.range.lowerBound + (start + $0) * 7919 % width }
    }

    /// - Parameter values: at least one.
    static func median(_ values: some Collection<Duration>) -> Duration {
        let sorted = values.sorted()
        let middle = sorted.count / 2
        return sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
    }

    var json: JSON {
        .object([
            ("layout", .string("latency")), ("samples", .integer(1)),
            ("threads", .integer(threads)), ("latency_ms", .number(latency.milliseconds)),
            ("throughput_per_second", .number(1000 / latency.milliseconds)),
            ("encrypt_ms", .number(encryption.milliseconds)),
            ("decrypt_ms", .number(decryption.milliseconds)),
            ("keygen_ms", .number(keyGeneration.milliseconds)),
            ("request_bytes", .integer(requestBytes)), ("reply_bytes", .integer(replyBytes)),
            ("evaluation_key_bytes", .integer(evaluationKeyBytes)),
            ("peak_rss_bytes", .integer(ProcessMemory.peakBytes)),
            ("buffers_taken", .integer(memory.taken)),
            ("buffers_allocated", .integer(memory.allocated)),
            ("operations", PlanReport.operations(operations)),
        ])
    }

    var table: Table {
        var table = Table(.left, .right)
        table.add("layout", "latency, 1 sample")
        table.add("threads", "\(threads)")
        table.add("server latency (median)", Format.duration(latency))
        table.add("predictions per second", Format.decimals(1000 / latency.milliseconds, 1))
        table.add("encrypt (median)", Format.duration(encryption))
        table.add("decrypt (median)", Format.duration(decryption))
        table.add("make keys", Format.duration(keyGeneration))
        table.add("request", Format.bytes(requestBytes))
        table.add("reply", Format.bytes(replyBytes))
        table.add("evaluation keys", Format.bytes(evaluationKeyBytes))
        table.add("peak memory", Format.bytes(ProcessMemory.peakBytes))
        table.add(
            "buffers taken, allocated",
            "\(Format.grouped(memory.taken)), \(Format.grouped(memory.allocated))")
        for (name, count) in operations.dictionary {
            table.add(Format.words(name), Format.grouped(count))
        }
        return table
    }
}
