// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Blindsight
import Files
import InferenceClient

package struct DecryptCommand: ReportingCommand {
    package static let configuration = CommandConfiguration(
        commandName: "decrypt",
        abstract: "Decrypt a reply: labels and logits.",
        discussion: """
            A reply names the request that it answers. --request is the file that was sent: a reply to another \
            one, or to its groups in another order, is refused. Without the file, say --any-request.

            Logits are exact integers; their value is the integer times the model's output scale.

              blindsight decrypt --plan plan/client.plan --key keys/secret.key --request sample.ct reply.ct

            With -o it writes a table of all samples: CSV (number, label, logits and values, with a head) or \
            NPY (logits only, int64, samples by outputs). The file is readable by its owner only.

              blindsight decrypt --plan plan/client.plan --key keys/secret.key --request batch.ct \\
                replies.ct -o predictions.csv

            Rows that weren't encrypted stand in the table with the reason, and rows have the names that encrypt --id \
            gave them; the file that tells is found beside the request.

            Traps of the request (encrypt --traps) are compared, and left out of all else; the file that tells where \
            they are is found beside the request. What they tell is said in the text and in JSON, and not by the \
            exit status, which a server may see in what the client does next, unless --fail-on-traps is given.

            With --json -o result.json neither the exit status nor the file's size tells whether a reply could be \
            decrypted, or to what: that stands in the file, for each sample. Use it where the server, or whoever \
            made the reply, could learn how this command ended.
            """)

    @Option(help: "The client's plan.", completion: .file(extensions: ["plan"]))
    var plan: String

    @Option(help: "The secret key.", completion: .file(extensions: ["key"]))
    var key: String

    @Option(help: "The request that was sent.", completion: .file(extensions: ["ct"]))
    var request: String?

    @Flag(help: "Take a reply to whatever request.")
    var anyRequest = false

    @Flag(help: "Let the exit status tell where traps disagree: only where no server sees it.")
    var failOnTraps = false

    @Argument(help: "The server's reply.", completion: .file(extensions: ["ct"]))
    var reply: String

    @Option(
        name: [.short, .customLong("output")],
        help: "The file for a table of all samples; by default a few lines are shown.")
    var output: String?

    @Option(
        help:
            "csv, npy or json; by default what the output's name ends in, and json with --json.")
    var format: PredictionTable.Format?

    @Option(help: "Threads to use; by default one a core.")
    var threads: Int?

    @OptionGroup var passphrase: PassphraseOptions

    @OptionGroup package var options: OutputOptions

    package init() {}

    package func validate() throws {
        try ThreadCount.validate(threads)
        guard (request == nil) == anyRequest else {
            throw ValidationError(
                "say which request the reply must answer, --request sample.ct, or --any-request")
        }
        guard format == nil || output != nil else {
            throw ValidationError("--format belongs to --output")
        }
        guard try table()?.format != .json || !failOnTraps else {
            throw ValidationError(
                "--fail-on-traps tells by the exit status what a result in JSON keeps from it")
        }
    }

    private func table() throws -> PredictionTable? {
        try output.map {
            try PredictionTable(path: $0, format: format, fallback: options.json ? .json : nil)
        }
    }

    package func report() throws -> CommandReport {
        if let output {
            try CommandFiles.checkOutput(output, inputs: [plan, key, request, reply])
        }
        let table = try table()
        let start = ContinuousClock.now
        let clientPlan = try CommandFiles.clientPlan(plan)
        let client = try CommandFiles.client(
            secretKey: key, passphrase, plan: clientPlan, threads: threads)
        let reader = try CommandFiles.naming(reply) {
            try ReplyReader(RegularFile(reply), client: client)
        }
        let heads = try request.map { path in
            try CommandFiles.naming(path) {
                try RequestHeads(RegularFile(path), plan: clientPlan)
            }
        }
        if let heads {
            try CommandFiles.naming(reply) { try reader.requireReplies(to: heads) }
        }
        let traps = try heads.flatMap { heads in
            try TrapFiles.read(of: request!, heads: heads, outputs: clientPlan.outputCount)
        }
        var check = traps.map(TrapCheck.init)
        let rows = try heads.flatMap { heads in
            try RowFiles.read(
                of: request!, heads: heads, samples: reader.sampleCount - (check?.count ?? 0))
        }
        if let table, table.format == .json {
            return try report(table.path, reader, heads, check, rows)
        }
        var place = 0
        var summary = PredictionSummary(clientPlan.outputs)
        let file = try table?.begin(
            clientPlan.outputs, count: reader.sampleCount - (check?.count ?? 0), rows: rows)
        let progress = ProgressBar("decrypt")
        defer { progress.finish() }
        for group in 0..<reader.groupCount {
            let predictions = try CommandFiles.naming(reply) {
                try reader.predictions(group, of: heads)
            }
            for prediction in predictions {
                defer { place += 1 }
                guard check?.take(prediction.logits, at: place) != false else { continue }
                summary.add(prediction)
                try file?.append(prediction)
            }
            progress.update(place, of: reader.sampleCount)
        }
        try file?.finish()
        progress.finish()
        var report = report(summary, ContinuousClock.now - start)
        if let check {
            let found = TrapReport(count: check.count, disagreeing: check.disagreeing)
            report.members += found.members
            report.text += "\n\n" + found.text
            report.fails = failOnTraps && found.disagreeing > 0
        }
        return report
    }

    /// Of a result whose reading is left to the file: nothing else depends on what was decrypted.
    private func report(
        _ path: String, _ reader: ReplyReader, _ heads: RequestHeads?, _ traps: TrapCheck?,
        _ rows: SampleRows?
    ) throws -> CommandReport {
        let file = try ResultFile(
            path, reader.client.plan, count: reader.sampleCount, traps: traps, rows: rows)
        let progress = ProgressBar("decrypt")
        defer { progress.finish() }
        var count = 0
        for group in 0..<reader.groupCount {
            let samples = reader.sampleCount(of: group)
            try file.append(
                try CommandFiles.naming(reply) { try reader.settled(group, of: heads) },
                samples: samples)
            count += samples
            progress.update(count, of: reader.sampleCount)
        }
        try file.finish()
        progress.finish()
        let bytes = CommandFiles.size(path)
        return CommandReport(
            members: [
                ("output", .string(path)), ("output_bytes", .integer(bytes)),
                ("samples", .integer(count - (traps?.count ?? 0))),
            ],
            text: """
                Read \(GroupText(samples: count - (traps?.count ?? 0), capacity: 1).text): \(path) (\(Format.bytes(bytes))), \
                which says what became of each
                """)
    }

    /// One as it is, several in a summary.
    private func report(_ summary: PredictionSummary, _ elapsed: Duration) -> CommandReport {
        let members =
            (output.map { [("output", JSON.string($0))] } ?? []) + summary.members
            + [("decrypt_ms", .number(elapsed.milliseconds))]
        guard let output else {
            return CommandReport(
                members: members,
                text: summary.count == 1
                    ? Self.text(summary.first[0], summary.outputs) : summary.text)
        }
        let count = GroupText(samples: summary.count, capacity: 1).text
        return CommandReport(
            members: members,
            text: "Decrypted \(count) in "
                + "\(Format.duration(elapsed)): \(output) (\(Format.bytes(CommandFiles.size(output))))"
        )
    }

    static func text(_ prediction: Prediction, _ outputs: OutputReading) -> String {
        var table = Table(.left, .right, .right, .left)
        // Of a decision by sign or votes, outputs are not labels' scores.
        let isNamed =
            outputs.labels.count == prediction.logits.count
        let names = PredictionSummary.names(outputs)
        let reals = outputs.units.reals(prediction.logits)
        table.add(isNamed ? "label" : "output", "logit (integer)", "value", "")
        for (index, logit) in prediction.logits.enumerated() {
            let isLargest = outputs.decision == .largest && index == prediction.index
            let value =
                prediction.outputs.isEmpty ? prediction.values[index] : reals[index]
            table.add(
                names[index].printable(limit: 60), Format.grouped(logit),
                Format.decimals(value, 4), isLargest ? "<- largest" : "")
        }
        var lines = table.text
        if !prediction.outputs.isEmpty { lines += "\n\n" + NamedOutputs.table(prediction).text }
        if outputs.saysLabel {
            lines += "\n\nPrediction: \(Terminal.styled(prediction.label, .bold))"
        }
        if !prediction.isCertified {
            lines += "\n\nNot certified: the plan's range is \(outputs.boundMethod.printable)"
        }
        return lines
    }
}
