// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Blindsight
import Files
import Threading
import Wire

package struct PredictCommand: ReportingCommand {
    package static let configuration = CommandConfiguration(
        commandName: "predict",
        abstract: "Evaluate the network on encrypted samples.",
        discussion: """
            The server's part. It needs no secret, opens no secret key, and learns neither samples \
            nor predictions.

              blindsight predict --plan plan/server.plan \\
                --evaluation-key keys/evaluation.key sample.ct -o reply.ct

            A request is worked off group by group into FILE.partial, which gets its name at the end. After an \
            interrupt or a crash, --resume goes on after the last whole group. Without --resume such a file is \
            refused; remove it to start over.
            """)

    @Option(help: "The server's plan.", completion: .file(extensions: ["plan"]))
    var plan: String

    @Option(help: "The client's evaluation key.", completion: .file(extensions: ["key"]))
    var evaluationKey: String

    @Argument(help: "The encrypted samples.", completion: .file(extensions: ["ct"]))
    var request: String

    @Option(name: [.short, .customLong("output")], help: "The file for the encrypted reply.")
    var output: String

    @Option(help: "Threads to use; by default one a core.")
    var threads: Int?

    @Flag(help: "Go on after the groups that an interrupted run left; where there are none, begin.")
    var resume = false

    @OptionGroup package var options: OutputOptions

    package init() {}

    package var holdsSecrets: Bool { false }

    package func validate() throws { try ThreadCount.validate(threads) }

    package func report() throws -> CommandReport {
        try CommandFiles.checkOutput(output, inputs: [plan, evaluationKey, request])
        let threads = threads ?? WorkerPool.cores
        let progress = ProgressBar("predict")
        defer { progress.finish() }
        progress.show("loading keys and weights")
        let (serverPlan, server) = try ServerFiles.server(
            plan: plan, evaluationKey: evaluationKey, threads: threads)
        let source = try RegularFile(request)
        let reader = try CommandFiles.naming(request) {
            try RequestReader(source, server: server)
        }
        let file = try replyFile(reader.heads, serverPlan.client)
        let resumed = file.groupsDone
        tellHowToResume(file, of: reader.groupCount)
        let capacity = serverPlan.client.samplesPerGroup
        let before = min(resumed * capacity, reader.sampleCount)
        let start = ContinuousClock.now
        while file.groupsDone < reader.groupCount {
            let done = file.groupsDone * capacity - before
            let reply = try CommandFiles.naming(request) {
                let group = try reader.group(file.groupsDone)
                return try server.predict(group) { step, steps in
                    progress.update(
                        done + group.sampleCount * step / steps, of: reader.sampleCount - before)
                }
            }
            try file.append(reply)
            tellHowToResume(file, of: reader.groupCount)
        }
        try file.finish()
        progress.finish()
        let elapsed = ContinuousClock.now - start

        let count = reader.sampleCount - before
        let groups = GroupText(samples: reader.sampleCount, capacity: capacity)
        let bytes = CommandFiles.size(output)
        return CommandReport(
            members: [
                ("reply", .string(output)), ("reply_bytes", .integer(bytes)),
                ("samples", .integer(reader.sampleCount)),
                ("groups", .integer(reader.groupCount)), ("resumed_groups", .integer(resumed)),
                ("latency_ms", .number(elapsed.milliseconds)),
                ("throughput_per_second", .integer(GroupText.rate(count, elapsed))),
                ("threads", .integer(threads)), ("operations", server.operations.json),
            ],
            text: """
                Predicted \(groups.text)\
                \(resumed > 0 ? ", of which \(resumed) groups were there" : "")
                \(Format.duration(elapsed)) on \(ThreadCount.words(threads))\
                \(count > 1 ? ", \(Format.grouped(GroupText.rate(count, elapsed))) samples a second" : ""): \
                \(output) (\(Format.bytes(bytes)))
                """)
    }

    private func replyFile(_ heads: RequestHeads, _ plan: ClientPlan) throws -> ReplyFile {
        do {
            return try CommandFiles.naming(output) {
                try ReplyFile(path: output, request: heads, plan: plan, resumes: resume)
            }
        } catch CommandError.file(_, WireError.unfinished(let path)) {
            throw CommandError.interruptedRun(partial: path)
        }
    }

    private func tellHowToResume(_ file: ReplyFile, of groups: Int) {
        guard file.groupsDone > 0 else { return }
        Interrupts.tell(
            "\(file.groupsDone) of \(groups) groups are kept in "
                + "\(file.partialPath); the same command with --resume goes on after them")
    }
}
