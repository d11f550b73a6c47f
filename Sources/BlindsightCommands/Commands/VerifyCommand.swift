// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Blindsight
import Threading

package struct VerifyCommand: ReportingCommand {
    package static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Compare float model, integer network and encrypted engine on labelled samples.",
        discussion: """
            Proves the plan's noise and security anew, makes keys in memory, sends every sample through all \
            three, and counts encrypted logits that are not the integer network's: there must be none, and the \
            exit status says so. Samples come from a file (NPY, NPZ, CSV, IDX) with their labels, or targets of a \
            regression, in another; or from a folder with t10k-images-idx3-ubyte and t10k-labels-idx1-ubyte, or \
            another such pair, gzip or not. Labels are indices of classes or their names. What is outside the range \
            that the plan is made for is treated as by encrypt, which leaves out and names rows that it can't take.

              blindsight verify --plan plan/server.plan --data test.npy --labels test-labels.npy
              blindsight verify --plan plan/server.plan --data mnist --limit 1000
            """)

    @Option(help: "The server's plan.", completion: .file(extensions: ["plan"]))
    var plan: String

    @Option(help: "The file of samples, or a folder of samples and labels.", completion: .file())
    var data: String

    @Option(help: "The file of their labels or targets.", completion: .file())
    var labels: String?

    @Option(help: "How many samples to take from the start; by default all.")
    var limit: Int?

    @OptionGroup var dataFile: DataFileOptions

    @OptionGroup var labelFile: LabelFileOptions

    @OptionGroup var values: OutsideOptions

    @Option(help: "Threads to use; by default one a core.")
    var threads: Int?

    @OptionGroup package var options: OutputOptions

    package init() {}

    package func validate() throws {
        try ThreadCount.validate(threads)
        if let limit, limit < 1 { throw ValidationError("--limit must be at least 1") }
    }

    package func report() throws -> CommandReport {
        let path = plan
        let plan = try CommandFiles.serverPlan(path)
        let proven = try CommandFiles.naming(path) { try plan.proven() }
        let set = try VerificationData(
            path: data, as: dataFile.reading, labels: labels, labelFile, plan: plan)
        let rows = try EncryptableRows(
            set.samples, 0..<min(limit ?? set.samples.count, set.samples.count), for: plan.client,
            outside: values.outside, path: data)
        let kept = set.chosen(rows.kept)
        let count = kept.samples.count
        let threads = min(threads ?? WorkerPool.cores, count)
        guard let model = plan.model else { throw CommandError.noModel(path) }
        let start = ContinuousClock.now
        let progress = ProgressBar("verify")
        defer { progress.finish() }
        let verification = try Verification(plan: proven, model: model, threads: threads)
        let results = try verification.compare(kept.samples, count: count, progress: progress)
        progress.finish()
        let summary = VerificationSummary(results: results, truth: kept.truth)
        return CommandReport(
            members: summary.entries.members + rows.members + rows.tally.members,
            text: "\(summary.entries.table(.right).text)\n\n\(Format.grouped(count)) samples in "
                + "\(Format.duration(ContinuousClock.now - start)) on \(ThreadCount.words(threads))"
                + (rows.lines + rows.tally.lines).map { "\n\($0)" }.joined(),
            fails: summary.mismatchedLogits > 0)
    }
}
