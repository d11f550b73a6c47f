import ArgumentParser
import Blindsight
import Synchronization

struct VerifyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Compare float model, integer network and encrypted engine on labelled samples.",
        discussion: """
            Makes keys in memory, sends every sample through all three, and counts encrypted logits that \
            are not the integer network's: there must be none, and the exit status says so. Samples come \
            from a file (NPY, CSV, IDX) with their labels, or targets of a regression, in another; or from a \
            folder with t10k-images-idx3-ubyte and t10k-labels-idx1-ubyte, or another such pair, gzip or not.

            Of a plan of the batch layout, samples are encrypted in groups.

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

    @Option(help: "Samples worked on at once; by default one a core.")
    var threads: Int?

    @OptionGroup var options: OutputOptions

    func validate() throws {
        try Threads.validate(threads)
        if let limit, limit < 1 { throw ValidationError("--limit must be at least 1") }
    }

    func run() throws {
        if LinearFiles.holdsPlan(plan) {
            let (linear, model) = try LinearFiles.serverPlan(plan)
            return try run(linear.network) { samples, count, threads, progress in
                try LinearVerification(plan: linear, model: model, threads: threads)
                    .compare(samples, count: count, progress: progress)
            }
        }
        let (serverPlan, model) = try Files.serverPlan(plan)
        try run(serverPlan.network) { samples, count, threads, progress in
            serverPlan.client.layout == .batch
                ? try BatchVerification(plan: serverPlan, model: model, threads: threads)
                    .compare(samples, count: count, progress: progress)
                : try compare(serverPlan, model, samples, count, threads, progress)
        }
    }

    private func run(
        _ network: IntegerNetwork,
        compare: (SampleSet, Int, Int, ProgressBar) throws -> [Verification.Comparison]
    ) throws {
        let set = try VerificationData(path: data, labels: labels, network: network)
        let count = min(limit ?? set.samples.count, set.samples.count)
        let threads = min(threads ?? Threads.cores, count)
        let start = ContinuousClock.now
        let progress = ProgressBar("verify")
        defer { progress.finish() }
        let results = try compare(set.samples, count, threads, progress)
        progress.finish()
        let summary = VerificationSummary(results: results, truth: set.truth)
        options.show(summary.json) {
            "\(summary.table.text)\n\n\(Format.grouped(count)) samples in "
                + "\(Format.duration(ContinuousClock.now - start)) on \(Threads.words(threads))"
        }
        if summary.mismatchedLogits > 0 { throw ExitCode.failure }
    }

    private func compare(
        _ plan: Plan, _ model: ONNXModel, _ samples: SampleSet, _ count: Int, _ threads: Int,
        _ progress: ProgressBar
    ) throws -> [Verification.Comparison] {
        let verification = try Verification(plan: plan, model: model)
        let done = Mutex(0)
        return try Threads.map(count, threads: threads) { index in
            let result = try verification.compare(samples.sample(at: index))
            done.withLock {
                $0 += 1
                progress.update($0, of: count)
            }
            return result
        }
    }
}
