// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Blindsight
import Files

package struct EncryptCommand: ReportingCommand {
    package static let configuration = CommandConfiguration(
        commandName: "encrypt",
        abstract: "Encrypt samples of a file.",
        discussion: """
            Reads IDX, NPY and CSV, plain or gzip, told apart by content. Integers are taken as they \
            are: a pixel is 0 to 255. All samples are taken, group by group, or those that --from and --limit \
            say; --index 14 is --from 14 --limit 1.

              blindsight encrypt --plan plan/client.plan --key keys/secret.key \\
                --input Samples/digits-images-idx3-ubyte --index 14 -o sample.ct
            """)

    @Option(help: "The client's plan.", completion: .file(extensions: ["plan"]))
    var plan: String

    @Option(help: "The secret key.", completion: .file(extensions: ["key"]))
    var key: String

    @Option(help: "The file of samples.", completion: .file())
    var input: String

    @Option(help: "The one sample to take; the first is 0.")
    var index: Int?

    @Option(help: "The first sample to take; by default 0.")
    var from: Int?

    @Option(help: "How many samples to take; by default all.")
    var limit: Int?

    @Option(help: "Threads to use; by default one a core.")
    var threads: Int?

    @Option(name: [.short, .customLong("output")], help: "The file for the ciphertexts.")
    var output: String

    @OptionGroup var passphrase: PassphraseOptions

    @OptionGroup package var options: OutputOptions

    package init() {}

    package func validate() throws {
        try ThreadCount.validate(threads)
        if let limit, limit < 1 { throw ValidationError("--limit must be at least 1") }
        guard index == nil || (from == nil && limit == nil) else {
            throw ValidationError("give either --index or --from and --limit")
        }
    }

    package func report() throws -> CommandReport {
        try CommandFiles.checkOutput(output, inputs: [plan, key, input])
        let clientPlan = try CommandFiles.clientPlan(plan)
        let samples = try CommandFiles.samples(input, for: clientPlan.input)
        let first = index ?? from ?? 0
        guard (0..<samples.count).contains(first) else {
            throw CommandError.noSuchSample(first, count: samples.count)
        }
        let count = min(index == nil ? limit ?? samples.count : 1, samples.count - first)
        let client = try CommandFiles.client(
            secretKey: key, passphrase, plan: clientPlan, threads: threads)
        let file = try StagedFile(output)
        let writer = try RequestWriter(client, sampleCount: count, to: file)
        let progress = ProgressBar("encrypt")
        defer { progress.finish() }
        let start = ContinuousClock.now
        while !writer.nextSamples.isEmpty {
            let range = writer.nextSamples
            let quantized = try client.quantize(range.map { samples.sample(at: first + $0) })
            try writer.append(quantized) { done, _ in
                progress.update(range.lowerBound + done, of: count)
            }
        }
        try file.finish()
        progress.finish()
        let elapsed = ContinuousClock.now - start
        let groups = GroupText(samples: count, capacity: clientPlan.samplesPerGroup)
        let bytes = CommandFiles.size(output)
        let waste = groups.waste.map { "; \($0)" } ?? ""
        return CommandReport(
            members: [
                ("ciphertext", .string(output)), ("request_bytes", .integer(bytes)),
                ("samples", .integer(count)), ("groups", .integer(groups.groups)),
                ("samples_per_group", .integer(groups.capacity)),
                ("idle_places", .integer(groups.groups * groups.capacity - count)),
                ("encrypt_ms", .number(elapsed.milliseconds)),
            ],
            text: """
                Encrypted \(groups.text)\(waste)
                \(Format.duration(elapsed)): \(output) (\(Format.bytes(bytes)))
                """)
    }
}
