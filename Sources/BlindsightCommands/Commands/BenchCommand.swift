// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Blindsight
import Inference
import InferenceClient

package struct BenchCommand: ReportingCommand {
    package static let configuration = CommandConfiguration(
        commandName: "bench",
        abstract: "Measure time, bytes, memory and operations of a plan.",
        discussion: """
            Times are medians over the repetitions, in this process, after one run to warm up; bytes are \
            those of the files; operations are of one group and the same on every machine. Every \
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

    @Option(help: "Samples at once; by default as many as a group holds.")
    var samples: Int?

    @Option(help: "Threads to use; by default one a core.")
    var threads: Int?

    @OptionGroup package var options: OutputOptions

    package init() {}

    package func validate() throws {
        try ThreadCount.validate(threads)
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

    package func report() throws -> CommandReport {
        guard let plan else { return try measureMachine() }
        let progress = ProgressBar("bench")
        defer { progress.finish() }
        return try Benchmark(
            plan: CommandFiles.serverPlan(plan), repetitions: repetitions, threads: threads,
            samples: samples, progress: progress
        ).report
    }

    private func measureMachine() throws -> CommandReport {
        let speed = try MachineSpeed.measured()
        let path = try MachineSpeedFile.write(speed)
        var entries = ReportEntries([])
        for (name, value) in speed.figures {
            entries.add(name, Format.words(name), .bits(value), text: Format.decimals(value, 3))
        }
        return CommandReport(
            members: entries.members + [("written", .string(path))],
            text: "\(entries.table(.right).text)\n\nWritten\n  \(path)")
    }
}
