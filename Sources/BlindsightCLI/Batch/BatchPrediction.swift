import Blindsight

/// `predict` with a plan of the batch layout: group after group, such that it can be resumed.
struct BatchPrediction {
    let plan: Plan
    let keys: EvaluationKeys
    let request: String
    let output: String
    let resumes: Bool
    let threads: Int

    func run(_ options: OutputOptions) throws {
        let reader = try Files.naming(request) {
            try BatchRequestReader(path: request, plan: plan.client)
        }
        let writer = try writer(reader)
        let resumed = writer.groupsDone
        tellHowToResume(writer)
        let server = try BatchServer(plan: plan, evaluationKeys: keys, threads: threads)
        let capacity = plan.client.samplesPerRequest
        let before = min(resumed * capacity, reader.sampleCount)
        let progress = ProgressBar("predict")
        defer { progress.finish() }
        let start = ContinuousClock.now
        while writer.groupsDone < reader.groupCount {
            let group = try Files.naming(request) { try reader.group(writer.groupsDone) }
            let done = writer.groupsDone * capacity - before
            let reply = try Files.naming(request) {
                try server.predict(group) { step, steps in
                    progress.update(
                        done + group.sampleCount * step / steps, of: reader.sampleCount - before)
                }
            }
            try writer.append(reply)
            tellHowToResume(writer)
        }
        try writer.finish()
        progress.finish()
        let elapsed = ContinuousClock.now - start

        let count = reader.sampleCount - before
        let bytes = Files.size(output)
        let object = JSON.object([
            ("reply", .string(output)), ("reply_bytes", .integer(bytes)),
            ("samples", .integer(reader.sampleCount)), ("groups", .integer(reader.groupCount)),
            ("resumed_groups", .integer(resumed)), ("latency_ms", .number(elapsed.milliseconds)),
            ("throughput_per_second", .integer(BatchText.rate(count, elapsed))),
            ("threads", .integer(threads)),
            ("operations", PlanReport.operations(server.operations)),
        ])
        options.show(object) {
            """
            Predicted \(BatchText.groups(reader.sampleCount, capacity: capacity))\
            \(resumed > 0 ? ", of which \(resumed) were there" : "")
            \(Format.duration(elapsed)) on \(Threads.words(threads)), \
            \(Format.grouped(BatchText.rate(count, elapsed))) samples a second: \
            \(output) (\(Format.bytes(bytes)))
            """
        }
    }

    private func writer(_ reader: BatchRequestReader) throws -> BatchReplyWriter {
        let partial = BatchReplyWriter.partialPath(of: output)
        do {
            return try Files.naming(partial) {
                try BatchReplyWriter(path: output, request: reader, resumes: resumes)
            }
        } catch WireError.unfinished(let path) {
            throw CommandError.interruptedRun(partial: path)
        }
    }

    private func tellHowToResume(_ writer: BatchReplyWriter) {
        guard writer.groupsDone > 0 else { return }
        Interrupts.tell(
            "\(writer.groupsDone) of \(writer.request.groupCount) groups are kept in "
                + "\(writer.partialPath); the same command with --resume goes on after them")
    }
}
