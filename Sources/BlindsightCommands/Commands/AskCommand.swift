// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Blindsight
import Files
import InferenceClient
import Samples
import Wire

package struct AskCommand: ReportingCommand {
    private static let program = "blindsight-remote"

    package static let configuration = CommandConfiguration(
        commandName: "ask",
        abstract: "Encrypt samples, have a service predict, and decrypt: all in one.",
        discussion: """
            Makes keys, sends the evaluation keys, encrypts, asks, has the service forget the keys, and then decrypts: \
            nothing that is sent depends on what was decrypted. The secret key is in memory only, and of one use. \
            For many calls with the same keys there are keygen, encrypt and decrypt, Python's blindsight.connect and \
            Swift's RemoteServer.

            --digest names the plan, by the SHA-256 of client.plan that the model's owner says: a service that has \
            another one is refused.

            The token is the first line of --token-file, or else the environment's BLINDSIGHT_TOKEN.

              blindsight ask --server https://hospital.example:8000 --model mnist --token-file token \\
                --input Samples/digits-images-idx3-ubyte --index 14

            What speaks to the service is a program of its own, \(program), without the secret key: the one beside \
            this program, or the one that is built in Service/, or one that the shell would find.
            """)

    @Option(help: "The service: https://host:port.")
    var server: String

    @Option(help: "The model's name.")
    var model: String

    @Option(help: "The model's version; by default the newest.")
    var modelVersion: String?

    @Option(help: "SHA-256 of client.plan, as the model's owner says it.")
    var digest: String?

    @Option(help: "A file whose first line is the token.", completion: .file())
    var tokenFile: String?

    @Option(
        help: "A PEM file of trusted certificates; by default the system's.", completion: .file())
    var authorities: String?

    @Option(help: "A PEM file of this client's certificate.", completion: .file())
    var certificate: String?

    @Option(help: "A PEM file of that certificate's key.", completion: .file())
    var privateKey: String?

    @Option(help: "Seconds that a call may take; by default 60.")
    var timeout: Double?

    @OptionGroup var chosen: SampleChoiceOptions

    @Option(help: "A column of a CSV file with a header that names the rows: the table has it.")
    var id: String?

    @OptionGroup var dataFile: DataFileOptions

    @OptionGroup var values: OutsideOptions

    @Option(
        name: [.short, .customLong("output")],
        help: "The file for a table of all samples; by default a few lines are shown.")
    var output: String?

    @Option(help: "csv or npy; by default what the output's name ends in.")
    var format: PredictionTable.Format?

    @Option(help: "Threads to use; by default one a core.")
    var threads: Int?

    @OptionGroup package var options: OutputOptions

    package init() {}

    package func validate() throws {
        try ThreadCount.validate(threads)
        try chosen.validate()
        guard format == nil || output != nil else {
            throw ValidationError("--format belongs to --output")
        }
        guard try table()?.format != .json else {
            throw ValidationError("--output is a table, csv or npy; --json prints a summary")
        }
    }

    private func table() throws -> PredictionTable? {
        try output.map { try PredictionTable(path: $0, format: format) }
    }

    /// For the program that speaks to the service.
    private var arguments: [String] {
        let options = [
            ("--server", server), ("--model", model), ("--model-version", modelVersion),
            ("--digest", digest), ("--token-file", tokenFile), ("--authorities", authorities),
            ("--certificate", certificate), ("--private-key", privateKey),
            ("--timeout", timeout.map { "\($0)" }),
        ]
        return options.compactMap { name, value in value.map { "\(name)=\($0)" } }
    }

    package func report() throws -> CommandReport {
        if let output { try CommandFiles.checkOutput(output, inputs: [chosen.input, tokenFile]) }
        let table = try table()
        let start = ContinuousClock.now
        let service = try ServiceProgram(Self.program, arguments)
        let plan = try CommandFiles.naming(server) {
            try ClientPlan(serialized: service.receive(limit: 1 << 30))
        }
        let most = Int(clamping: Envelope.integer(try service.receive(limit: 8)[...]))
        let (samples, rows) = try chosen.read(
            for: plan, as: dataFile.reading, id: id, outside: values.outside)
        let client = try Client(plan, threads: threads)
        let exchanges = try ask(
            service, client, rows.kept.map { samples.sample(at: $0) },
            atOnce: max(most, 1) * plan.samplesPerGroup)
        // Whatever comes of decrypting, the service is spoken to no more.
        try service.finish()
        let summary = try decrypt(exchanges, client, table, rows)
        return report(summary, rows, ContinuousClock.now - start)
    }

    /// A request that was answered.
    private struct Exchange {
        let request: RequestHeads
        let reply: [UInt8]
    }

    private func ask(
        _ service: ServiceProgram, _ client: Client, _ samples: [[Float]], atOnce: Int
    ) throws -> [Exchange] {
        let progress = ProgressBar("ask")
        defer { progress.finish() }
        progress.show("sending keys")
        try service.send(client.evaluationKeys().serialized())
        var exchanges: [Exchange] = []
        for start in stride(from: 0, to: samples.count, by: atOnce) {
            let request = MemorySink()
            let batch = samples[start..<min(start + atOnce, samples.count)]
            let writer = try RequestWriter(client, sampleCount: batch.count, to: request)
            while !writer.nextSamples.isEmpty {
                let group = writer.nextSamples.map { batch[start + $0] }
                try writer.append(client.quantize(group, outside: values.outside))
            }
            try service.send(request.bytes)
            let reply = try service.receive(limit: 1 << 32)
            exchanges.append(Exchange(request: writer.heads, reply: reply))
            progress.update(start + batch.count, of: samples.count)
        }
        return exchanges
    }

    private func decrypt(
        _ exchanges: [Exchange], _ client: Client, _ table: PredictionTable?,
        _ rows: EncryptableRows
    ) throws -> PredictionSummary {
        var summary = PredictionSummary(client.plan.outputs)
        let file = try table?.begin(
            client.plan.outputs, count: rows.kept.count,
            rows: rows.isWorthAFile ? SampleRows(rows.rows, request: exchanges[0].request) : nil)
        for exchange in exchanges {
            try CommandFiles.naming(server) {
                let reader = try ReplyReader(MemorySource(exchange.reply), client: client)
                try reader.requireReplies(to: exchange.request)
                for group in 0..<reader.groupCount {
                    for prediction in try reader.predictions(group, of: exchange.request) {
                        summary.add(prediction)
                        try file?.append(prediction)
                    }
                }
            }
        }
        try file?.finish()
        return summary
    }

    private func report(
        _ summary: PredictionSummary, _ rows: EncryptableRows, _ elapsed: Duration
    ) -> CommandReport {
        var text =
            summary.count == 1
            ? DecryptCommand.text(summary.first[0], summary.outputs) : summary.text
        if let output {
            let count = GroupText(samples: summary.count, capacity: 1).text
            text =
                "Asked for \(count) in \(Format.duration(elapsed)): \(output) "
                + "(\(Format.bytes(CommandFiles.size(output))))"
        }
        return CommandReport(
            members: (output.map { [("output", JSON.string($0))] } ?? []) + summary.members
                + [("ask_ms", .number(elapsed.milliseconds))] + rows.members + rows.tally.members,
            text: ([text] + rows.lines + rows.tally.lines).joined(separator: "\n"))
    }
}
