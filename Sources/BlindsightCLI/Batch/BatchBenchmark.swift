import Blindsight

/// What `bench` measures of a plan of the batch layout.
struct BatchBenchmark {
    let plan: ClientPlan
    let threads: Int
    let samples: Int
    let prediction: Duration
    let encryption: Duration
    let decryption: Duration
    let operations: OperationCounts

    static func run(
        plan: Plan, repetitions: Int, threads: Int, samples: Int?, progress: ProgressBar
    ) throws -> BatchBenchmark {
        let clock = ContinuousClock()
        let client = try BatchClient(plan: plan.client, threads: threads)
        let server = try BatchServer(
            plan: plan, evaluationKeys: client.makeEvaluationKeys(), threads: threads)
        let count = min(samples ?? client.capacity, client.capacity)
        let inputs = (0..<count).map { Benchmark.sample(plan.network.input, from: $0) }
        let reference = IntegerReference(plan.network)
        let expected = try Threads.map(count, threads: Threads.cores) {
            try reference.logits(inputs[$0])
        }
        var encryptions: [Duration] = []
        var predictions: [Duration] = []
        var decryptions: [Duration] = []
        var operations = OperationCounts()
        for repetition in 0...repetitions {
            var batch: EncryptedBatch!
            encryptions.append(
                try clock.measure { batch = try client.encrypt(quantized: inputs) })
            var reply: EncryptedBatchReply!
            predictions.append(try clock.measure { reply = try server.predict(batch) })
            var logits: [[BigInt]] = []
            decryptions.append(
                try clock.measure {
                    let predictions = try client.decrypt(reply)
                    logits = (0..<count).map { predictions.logits(of: $0) }
                })
            guard logits == expected else { throw CommandError.unequalResult }
            if repetition == 0 { operations = server.operations }
            progress.update(repetition + 1, of: repetitions + 1)
        }
        return BatchBenchmark(
            plan: plan.client, threads: threads, samples: count,
            prediction: Benchmark.median(predictions.dropFirst()),
            encryption: Benchmark.median(encryptions.dropFirst()),
            decryption: Benchmark.median(decryptions.dropFirst()), operations: operations)
    }

    private func rate(_ time: Duration) -> Double { Double(samples) * 1000 / time.milliseconds }

    var json: JSON {
        .object([
            ("layout", .string("batch")), ("samples", .integer(samples)),
            ("capacity", .integer(plan.samplesPerRequest)), ("threads", .integer(threads)),
            ("latency_ms", .number(prediction.milliseconds)),
            ("throughput_per_second", .number(rate(prediction))),
            ("encrypt_ms", .number(encryption.milliseconds)),
            ("encrypt_per_second", .number(rate(encryption))),
            ("decrypt_ms", .number(decryption.milliseconds)),
            ("decrypt_per_second", .number(rate(decryption))),
            ("request_bytes", .integer(plan.cost.requestBytes)),
            ("reply_bytes", .integer(plan.cost.replyBytes)),
            ("evaluation_key_bytes", .integer(plan.cost.evaluationKeyBytes)),
            ("peak_rss_bytes", .integer(ProcessMemory.peakBytes)),
            ("operations", PlanReport.operations(operations)),
        ])
    }

    var table: Table {
        var table = Table(.left, .right)
        table.add(
            "layout",
            "batch, \(Format.grouped(samples)) samples in \(Format.grouped(plan.samplesPerRequest)) slots"
        )
        table.add("threads", "\(threads)")
        table.add("a group on the server (median)", Format.duration(prediction))
        table.add("samples a second, server", Format.grouped(Int(rate(prediction))))
        table.add("samples a second, encrypt", Format.grouped(Int(rate(encryption))))
        table.add("samples a second, decrypt", Format.grouped(Int(rate(decryption))))
        table.add("upload a sample", Format.bytes(plan.cost.requestBytes / samples))
        table.add("download a sample", Format.bytes(plan.cost.replyBytes / samples))
        table.add("evaluation keys", Format.bytes(plan.cost.evaluationKeyBytes))
        table.add("peak memory", Format.bytes(ProcessMemory.peakBytes))
        for (name, count) in operations.dictionary {
            table.add(Format.words(name), Format.grouped(count))
        }
        return table
    }
}
