import ArgumentParser
import Blindsight
import Foundation

struct PredictCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "predict",
        abstract: "Evaluate the network on an encrypted sample, or on a batch of them.",
        discussion: """
            The server's part. It needs no secret, opens no secret key, and learns neither the sample \
            nor the prediction.

              blindsight predict --plan plan/server.plan \\
                --evaluation-key keys/evaluation.key sample.ct -o reply.ct

            A batch is worked off group by group into FILE.partial, which gets its name at the end. After an \
            interrupt or a crash, --resume goes on after the last whole group. Without --resume such a file is \
            refused; remove it to start over.

              blindsight predict --plan plan/server.plan \\
                --evaluation-key keys/evaluation.key batch.ct -o replies.ct --resume
            """)

    @Option(help: "The server's plan.", completion: .file(extensions: ["plan"]))
    var plan: String

    @Option(help: "The client's evaluation key.", completion: .file(extensions: ["key"]))
    var evaluationKey: String

    @Argument(help: "The encrypted sample or batch.", completion: .file(extensions: ["ct"]))
    var sample: String

    @Option(name: [.short, .customLong("output")], help: "The file for the encrypted reply.")
    var output: String

    @Option(help: "Threads to use; by default one a core.")
    var threads: Int?

    @Flag(help: "Go on after the groups that an interrupted run left; where there are none, begin.")
    var resume = false

    @OptionGroup var options: OutputOptions

    func validate() throws { try Threads.validate(threads) }

    func run() throws {
        let threads = threads ?? Threads.cores
        if LinearFiles.holdsPlan(plan) {
            if resume { throw CommandError.batchOnly(option: "--resume") }
            return try LinearCommands.predict(
                plan: plan, key: evaluationKey, sample: sample, output: output, threads: threads,
                options: options)
        }
        let serverPlan = try Files.serverPlan(plan).plan
        let keys = try Files.named(evaluationKey) {
            try Artifact.decodeEvaluationKeys($0, plan: serverPlan.client)
        }
        if serverPlan.client.layout == .batch {
            return try BatchPrediction(
                plan: serverPlan, keys: keys, request: sample, output: output, resumes: resume,
                threads: threads
            ).run(options)
        }
        if resume { throw CommandError.batchOnly(option: "--resume") }
        let request = try Files.named(sample) {
            try Artifact.decodeSample($0, plan: serverPlan.client)
        }
        let progress = ProgressBar("predict")
        defer { progress.finish() }
        progress.show("encoding the weights")
        let server = try Server(plan: serverPlan, evaluationKeys: keys, threads: threads)
        let start = ContinuousClock.now
        let reply = try server.predict(request) { progress.update($0, of: $1) }
        let elapsed = ContinuousClock.now - start
        let bytes = try Artifact.encode(reply, plan: serverPlan.client)
        try ArtifactFile.write(bytes, to: output)
        progress.finish()

        let object = JSON.object([
            ("reply", .string(output)), ("reply_bytes", .integer(bytes.count)),
            ("latency_ms", .number(elapsed.milliseconds)), ("threads", .integer(threads)),
            ("operations", PlanReport.operations(server.operations)),
        ])
        options.show(object) {
            "Predicted in \(Format.duration(elapsed)) on \(Threads.words(threads)): "
                + "\(output) (\(Format.bytes(bytes.count)))"
        }
    }
}
