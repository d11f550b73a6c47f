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
            """)

    @Option(help: "The server's plan.", completion: .file(extensions: ["plan"]))
    var plan: String

    @Option(help: "How many predictions are measured.")
    var repetitions = 10

    @Option(help: "Threads of the server.")
    var threads = 1

    @OptionGroup var options: OutputOptions

    func validate() throws {
        try Threads.validate(threads)
        guard (1...1_000_000).contains(repetitions) else {
            throw ValidationError("--repetitions must be 1 to 1000000")
        }
    }

    func run() throws {
        let progress = ProgressBar("bench")
        defer { progress.finish() }
        let result = try Benchmark.run(
            plan: Files.serverPlan(plan).plan, repetitions: repetitions, threads: threads,
            progress: progress)
        progress.finish()
        options.show(result.json) { result.table.text }
    }
}
