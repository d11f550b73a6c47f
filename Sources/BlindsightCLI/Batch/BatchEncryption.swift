import Blindsight
import Synchronization

/// `encrypt` with a plan of the batch layout: group after group, of which only one is in memory.
struct BatchEncryption {
    let plan: ClientPlan
    let key: String
    let input: String
    let output: String
    let first: Int
    /// nil: to the end of the file.
    let limit: Int?
    let threads: Int

    func run(_ options: OutputOptions) throws {
        let client = try BatchClient(
            Files.client(secretKey: key, plan: plan), threads: threads)
        let samples = try Files.samples(input, for: plan.input)
        guard (0..<samples.count).contains(first) else {
            throw CommandError.noSuchSample(first, count: samples.count)
        }
        let count = min(limit ?? samples.count, samples.count - first)
        let progress = ProgressBar("encrypt")
        defer { progress.finish() }
        let start = ContinuousClock.now
        let writer = try BatchRequestWriter(path: output, plan: plan, sampleCount: count)
        while !writer.nextSamples.isEmpty {
            let group = writer.nextSamples
            let quantized = try Threads.map(group.count, threads: threads) {
                try plan.input.quantize(samples.sample(at: first + group.lowerBound + $0))
            }
            let ciphertexts = plan.parameters.plaintextModuli.count * plan.input.count
            let done = Atomic(0)
            let batch = try client.encrypt(quantized: quantized) {
                let done = done.add(1, ordering: .relaxed).newValue
                progress.update(
                    group.lowerBound + group.count * done / ciphertexts, of: count)
            }
            try writer.append(batch)
        }
        try writer.finish()
        progress.finish()
        show(count, groups: writer.groupCount, ContinuousClock.now - start, options)
    }

    private func show(
        _ count: Int, groups: Int, _ elapsed: Duration, _ options: OutputOptions
    ) {
        let capacity = plan.samplesPerRequest
        let bytes = Files.size(output)
        let object = JSON.object([
            ("ciphertext", .string(output)), ("request_bytes", .integer(bytes)),
            ("samples", .integer(count)), ("groups", .integer(groups)),
            ("capacity", .integer(capacity)),
            ("idle_slots", .integer(groups * capacity - count)),
            ("encrypt_ms", .number(elapsed.milliseconds)), ("threads", .integer(threads)),
        ])
        options.show(object) {
            let waste = BatchText.waste(count, capacity: capacity).map { "; \($0)" } ?? ""
            return """
                Encrypted \(BatchText.groups(count, capacity: capacity))\(waste)
                \(Format.duration(elapsed)) on \(Threads.words(threads)): \(output) (\(Format.bytes(bytes)))
                """
        }
    }
}
