import ArgumentParser
import Blindsight
import Foundation

struct PredictCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "predict",
        abstract: "Evaluate the network on an encrypted sample.",
        discussion: """
            The server's part. It needs no secret, opens no secret key, and learns neither the sample \
            nor the prediction.

              blindsight predict --plan plan/server.plan \\
                --evaluation-key keys/evaluation.key sample.ct -o reply.ct
            """)

    @Option(help: "The server's plan.", completion: .file(extensions: ["plan"]))
    var plan: String

    @Option(help: "The client's evaluation key.", completion: .file(extensions: ["key"]))
    var evaluationKey: String

    @Argument(help: "The encrypted sample.", completion: .file(extensions: ["ct"]))
    var sample: String

    @Option(name: [.short, .customLong("output")], help: "The file for the encrypted reply.")
    var output: String

    @Option(help: "Threads to use; by default one a core.")
    var threads: Int?

    @OptionGroup var options: OutputOptions

    func validate() throws { try Threads.validate(threads) }

    func run() throws {
        let threads = threads ?? Threads.cores
        let serverPlan = try Files.serverPlan(plan).plan
        let keys = try Files.named(evaluationKey) {
            try Artifact.decodeEvaluationKeys($0, plan: serverPlan.client)
        }
        let request = try Files.named(sample) {
            try Artifact.decodeSample($0, plan: serverPlan.client)
        }
        let progress = ProgressBar("predict")
        defer { progress.finish() }
        progress.show("encoding the weights")
        let server = try Server(plan: serverPlan, evaluationKeys: keys, threads: threads)
        let start = ContinuousClock.now
        let reply = try server.predict(request, threads: threads) { progress.update($0, of: $1) }
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
