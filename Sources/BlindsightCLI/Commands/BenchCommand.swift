import ArgumentParser
import Blindsight

struct BenchCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench",
        abstract: "Measure time, bytes, memory and operations of a plan.",
        discussion: """
            Times are medians over the repetitions, in this process, after one run to warm up; bytes are \
            those of the files; operations are of one prediction and the same on every machine. Every \
            reply is checked against the integer network.

              blindsight bench --plan plan/server.plan --repetitions 20 --threads 1 --json

            With --calibrate it measures what single operations take on this machine instead and keeps \
            the figures, from which `plan` then tells the time of a prediction.

              blindsight bench --calibrate
            """)

    @Option(help: "The server's plan.", completion: .file(extensions: ["plan"]))
    var plan: String?

    @Flag(help: "Measure single operations, for the estimates of plan.")
    var calibrate = false

    @Option(help: "How many predictions are measured.")
    var repetitions = 10

    @Option(help: "Samples at once, of a plan that takes many; by default as many as fit.")
    var samples: Int?

    @Option(help: "Threads of the server.")
    var threads = 1

    @OptionGroup var options: OutputOptions

    func validate() throws {
        try Threads.validate(threads)
        guard calibrate != (plan != nil) else {
            throw ValidationError("give either --plan or --calibrate")
        }
        guard samples == nil || (1...1 << 24).contains(samples!) else {
            throw ValidationError("--samples must be 1 to \(1 << 24)")
        }
        guard (1...1_000_000).contains(repetitions) else {
            throw ValidationError("--repetitions must be 1 to 1000000")
        }
    }

    func run() throws {
        guard let plan else { return try showCalibration() }
        let progress = ProgressBar("bench")
        defer { progress.finish() }
        if LinearFiles.holdsPlan(plan) {
            let result = try LinearBenchmark.run(
                plan: LinearFiles.serverPlan(plan).plan, repetitions: repetitions,
                threads: threads, samples: samples, progress: progress)
            progress.finish()
            options.show(result.json) { result.table.text }
            return
        }
        let serverPlan = try Files.serverPlan(plan).plan
        if serverPlan.choices.layout == .batch {
            let result = try BatchBenchmark.run(
                plan: serverPlan, repetitions: repetitions, threads: threads, samples: samples,
                progress: progress)
            progress.finish()
            options.show(result.json) { result.table.text }
            return
        }
        let result = try Benchmark.run(
            plan: serverPlan, repetitions: repetitions, threads: threads, progress: progress)
        progress.finish()
        options.show(result.json) { result.table.text }
    }

    private func showCalibration() throws {
        let costs = try OperationCosts.measured()
        let path = try CalibrationFile.write(costs)
        let figures: [(String, Double)] = [
            ("forward_butterfly_ns", costs.forwardButterfly),
            ("inverse_butterfly_ns", costs.inverseButterfly),
            ("key_residue_ns", costs.keyResidue),
            ("plaintext_residue_ns", costs.plaintextResidue),
            ("overhead", costs.overhead),
        ]
        options.show(
            .object(figures.map { ($0.0, .number($0.1)) } + [("written", .string(path))])
        ) {
            var table = Table(.left, .right)
            for (name, value) in figures {
                table.add(Format.words(name), Format.decimals(value, 3))
            }
            return "\(table.text)\n\nWritten\n  \(path)"
        }
    }
}
