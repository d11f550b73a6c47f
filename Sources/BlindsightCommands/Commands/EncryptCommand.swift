// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Blindsight
import Files
import InferenceClient

package struct EncryptCommand: ReportingCommand {
    package static let configuration = CommandConfiguration(
        commandName: "encrypt",
        abstract: "Encrypt samples of a file.",
        discussion: """
            Reads IDX, NPY, NPZ and CSV, plain or gzip, told apart by content. Integers are taken as they \
            are: a pixel is 0 to 255. Values outside the range that the plan is made for take its nearest end and are \
            counted; those farther outside than the range is wide are refused, unless --outside says clamp. All samples are taken, group by group, or those that --from and --limit \
            say; --index 14 is --from 14 --limit 1.

              blindsight encrypt --plan plan/client.plan --key keys/secret.key \\
                --input Samples/digits-images-idx3-ubyte --index 14 -o sample.ct

            A row that can't be read or is refused is left out, and said: what became of each is kept in a file beside \
            the request, sample.ct.rows, with the names that --id COLUMN gives rows, for decrypt's table.

            --traps 10% hides copies of samples among them, at random places that only the client knows, so that \
            decrypt sees whether the server answers both alike; with --known and --known-outputs half of them \
            are samples whose outputs are known. The places are kept in a file beside the request, sample.ct.traps: \
            it stays with the client, and decrypt needs it.
            """)

    @Option(help: "The client's plan.", completion: .file(extensions: ["plan"]))
    var plan: String

    @Option(help: "The secret key.", completion: .file(extensions: ["key"]))
    var key: String

    @OptionGroup var chosen: SampleChoiceOptions

    @Option(help: "Samples that the server is tested by: 819, or 10% of the request.")
    var traps: TrapCount?

    @Option(help: "A file of samples whose outputs are known.", completion: .file())
    var known: String?

    @Option(
        help: "Their outputs: a table that decrypt wrote as CSV, from a source that is trusted.",
        completion: .file(extensions: ["csv"]))
    var knownOutputs: String?

    @Option(
        help: "A column of a CSV file with a header that names the rows: decrypt's table has it.")
    var id: String?

    @OptionGroup var dataFile: DataFileOptions

    @OptionGroup var values: OutsideOptions

    @Option(help: "Threads to use; by default one a core.")
    var threads: Int?

    @Option(name: [.short, .customLong("output")], help: "The file for the ciphertexts.")
    var output: String

    @OptionGroup var passphrase: PassphraseOptions

    @OptionGroup package var options: OutputOptions

    package init() {}

    package func validate() throws {
        try ThreadCount.validate(threads)
        try chosen.validate()
        guard (known == nil) == (knownOutputs == nil), known == nil || traps != nil else {
            throw ValidationError("--known and --known-outputs belong together, and to --traps")
        }
    }

    package func report() throws -> CommandReport {
        try CommandFiles.checkOutput(output, inputs: [plan, key, chosen.input])
        let trapPath = TrapFiles.path(of: output)
        if traps != nil {
            try CommandFiles.checkOutput(
                trapPath, inputs: [plan, key, chosen.input, known, knownOutputs])
        }
        let clientPlan = try CommandFiles.clientPlan(plan)
        let (samples, rows) = try chosen.read(
            for: clientPlan, as: dataFile.reading, id: id, outside: values.outside)
        let rowPath = RowFiles.path(of: output)
        let hasRows = rows.isWorthAFile || FileSystem.exists(rowPath)
        if hasRows {
            try CommandFiles.checkOutput(
                rowPath, inputs: [plan, key, chosen.input, known, knownOutputs])
        }
        let (count, tally) = (rows.kept.count, rows.tally)
        let known = try known.map { path in
            let known = try CommandFiles.samples(
                path, for: clientPlan, as: dataFile.reading)
            _ = try values.tally(known, 0..<known.count, for: clientPlan, path: path)
            return known
        }
        let answers =
            try knownOutputs.map {
                try TrapFiles.outputs(
                    $0, samples: known?.count ?? 0, outputs: clientPlan.outputCount)
            } ?? []
        let trapCount = traps?.traps(besides: count) ?? 0
        let placement = TrapPlacement(samples: count, traps: trapCount, known: answers.count)
        let total = placement.sources.count
        let client = try CommandFiles.client(
            secretKey: key, passphrase, plan: clientPlan, threads: threads)
        let file = try StagedFile(output)
        let writer = try RequestWriter(client, sampleCount: total, to: file)
        let progress = ProgressBar("encrypt")
        defer { progress.finish() }
        let start = ContinuousClock.now
        while !writer.nextSamples.isEmpty {
            let range = writer.nextSamples
            let quantized = try client.quantize(
                placement.sources[range].map { source in
                    switch source {
                    case .sample(let index), .copy(let index): samples.sample(at: rows.kept[index])
                    case .known(let index): known!.sample(at: index)
                    }
                }, outside: values.outside)
            try writer.append(quantized) { done, _ in
                progress.update(range.lowerBound + done, of: total)
            }
        }
        var files = [file]
        // Before the request: without it nothing is lost.
        if hasRows {
            files.insert(try StagedFile(rowPath, isPrivate: true), at: 0)
            try files[0].write(
                Array(SampleRows(rows.rows, request: writer.heads).text.utf8))
        }
        if traps != nil {
            files.insert(try StagedFile(trapPath, isPrivate: true), at: 0)
            try files[0].write(
                Array(Traps(placement, answers: answers, request: writer.heads).text.utf8))
        }
        try StagedFile.finish(files)
        progress.finish()
        let elapsed = ContinuousClock.now - start
        let groups = GroupText(samples: total, capacity: clientPlan.samplesPerGroup)
        let bytes = CommandFiles.size(output)
        let waste = groups.waste.map { "; \($0)" } ?? ""
        let trapText =
            traps == nil
            ? "" : "\n\(Format.grouped(trapCount)) of them traps: \(trapPath) stays with you"
        return CommandReport(
            members: [
                ("ciphertext", .string(output)), ("request_bytes", .integer(bytes)),
                ("samples", .integer(count)), ("traps", .integer(trapCount)),
                ("groups", .integer(groups.groups)),
                ("samples_per_group", .integer(groups.capacity)),
                ("idle_places", .integer(groups.groups * groups.capacity - total)),
                ("encrypt_ms", .number(elapsed.milliseconds)),
            ] + rows.members + tally.members,
            text: """
                Encrypted \(groups.text)\(waste)\(trapText)
                \(Format.duration(elapsed)): \(output) (\(Format.bytes(bytes)))
                """ + (rows.lines + tally.lines).map { "\n\($0)" }.joined())
    }
}
