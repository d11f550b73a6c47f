import ArgumentParser
import Blindsight

struct DecryptCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "decrypt",
        abstract: "Decrypt a reply: labels and logits.",
        discussion: """
            Logits are exact integers; their value is the integer times the model's output scale.

              blindsight decrypt --plan plan/client.plan --key keys/secret.key reply.ct

            With -o it writes a table of all samples: CSV (number, label, logits and values, with a head) or \
            NPY (logits only, int64, samples by outputs). The file is readable by its owner only.

              blindsight decrypt --plan plan/client.plan --key keys/secret.key replies.ct -o predictions.csv
            """)

    @Option(help: "The client's plan.", completion: .file(extensions: ["plan"]))
    var plan: String

    @Option(help: "The secret key.", completion: .file(extensions: ["key"]))
    var key: String

    @Argument(help: "The server's reply.", completion: .file(extensions: ["ct"]))
    var reply: String

    @Option(
        name: [.short, .customLong("output")],
        help: "The file for a table of all samples; by default a few lines are shown.")
    var output: String?

    @Option(help: "csv or npy; by default what the output's name ends in.")
    var format: PredictionTable.Format?

    @Option(
        help:
            "The request: replies to another one, or to its groups in another order, are refused.",
        completion: .file(extensions: ["ct"]))
    var request: String?

    @Option(help: "Threads to use; by default one a core.")
    var threads: Int?

    @OptionGroup var options: OutputOptions

    func validate() throws {
        try Threads.validate(threads)
        guard format == nil || output != nil else {
            throw ValidationError("--format belongs to --output")
        }
        _ = try output.map { try PredictionTable(path: $0, format: format) }
    }

    func run() throws {
        let table = try output.map { try PredictionTable(path: $0, format: format) }
        let start = ContinuousClock.now
        if LinearFiles.holdsPlan(plan) {
            if request != nil { throw CommandError.batchOnly(option: "--request") }
            let (clientPlan, predictions) = try LinearCommands.decrypt(
                plan: plan, key: key, reply: reply, threads: threads ?? Threads.cores)
            return try show(predictions, clientPlan.reading, table, start)
        }
        let clientPlan = try Files.clientPlan(plan)
        if clientPlan.layout == .batch {
            let summary = try BatchDecryption(
                plan: clientPlan, key: key, replies: reply, request: request,
                threads: threads ?? Threads.cores
            ).run(table)
            return show(summary, start)
        }
        if request != nil { throw CommandError.batchOnly(option: "--request") }
        let client = try Files.client(secretKey: key, plan: clientPlan)
        let encrypted = try Files.named(reply) { try Artifact.decodeReply($0, plan: clientPlan) }
        try show([client.decrypt(encrypted)], clientPlan.reading, table, start)
    }

    /// One as it is, several in a summary.
    private func show(
        _ predictions: [Prediction], _ reading: OutputReading, _ table: PredictionTable?,
        _ start: ContinuousClock.Instant
    ) throws {
        if let file = try table?.begin(reading, count: predictions.count) {
            for prediction in predictions { try file.append(prediction) }
            try file.finish()
        }
        guard predictions.count == 1, table == nil else {
            var summary = PredictionSummary(reading)
            for prediction in predictions { summary.add(prediction) }
            return show(summary, start)
        }
        let prediction = predictions[0]
        let object = JSON.object([
            ("label", .string(prediction.label)), ("index", .integer(prediction.index)),
            ("labels", .array(reading.labels.map { .string($0) })),
            ("logits", .array(prediction.logits.map { .integer($0) })),
            ("values", .array(prediction.values.map { .number($0) })),
            ("certified", .integer(prediction.isCertified ? 1 : 0)),
        ])
        options.show(object) { Self.text(prediction, reading) }
    }

    private func show(_ summary: PredictionSummary, _ start: ContinuousClock.Instant) {
        let elapsed = ContinuousClock.now - start
        let object = JSON.object(
            (output.map { [("output", .string($0))] } ?? []) + summary.members
                + [("decrypt_ms", .number(elapsed.milliseconds))])
        options.show(object) {
            guard let output else { return summary.text }
            let count = Format.grouped(summary.count)
            return "Decrypted \(count) \(summary.count == 1 ? "sample" : "samples") in "
                + "\(Format.duration(elapsed)): \(output) (\(Format.bytes(Files.size(output))))"
        }
    }

    private static func text(_ prediction: Prediction, _ reading: OutputReading) -> String {
        var table = Table(.left, .right, .right, .left)
        // Of a decision by sign or votes, outputs are not labels' scores.
        let isNamed = reading.labels.count == prediction.logits.count
        let names = PredictionSummary.names(reading)
        table.add(isNamed ? "label" : "output", "logit (integer)", "value", "")
        for (index, logit) in prediction.logits.enumerated() {
            let isLargest = reading.decision == .largest && index == prediction.index
            table.add(
                names[index], Format.grouped(logit),
                Format.decimals(prediction.values[index], 4), isLargest ? "<- largest" : "")
        }
        var lines = table.text
        if reading.decision != .regression {
            lines += "\n\nPrediction: \(Terminal.styled(prediction.label, .bold))"
        }
        if !prediction.isCertified {
            lines += "\n\nNot certified: the plan's range is \(reading.boundMethod)"
        }
        return lines
    }
}
