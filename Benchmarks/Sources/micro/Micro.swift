// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import BFV
import CKernels
import Foundation

@main
struct Micro: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "micro",
        abstract: "Measure primitives of the ring and of the scheme, on one thread.",
        discussion: """
            Medians of many timings, beside exact operation counts of one run. The moduli fit 128-bit \
            security: two limbs at N = 4096, four above.
            """)

    @Option(help: "Ring degrees, separated by commas: 4096, 8192, 16384; with --deep 32768.")
    var degrees = "4096,8192,16384"

    @Flag(help: "Only relinearization at many moduli: 8 at N = 16384, 20 at N = 32768.")
    var deep = false

    @Option(help: "Also write the result to this file, as JSON.", completion: .file())
    var json: String?

    @Option(help: "Seconds for each operation, about.")
    var seconds = 0.5

    @Flag(help: "N = 4096 only, a few timings each: shows that all runs, not how fast.")
    var quick = false

    func validate() throws {
        guard seconds > 0, seconds <= 60 else {
            throw ValidationError("--seconds must be above 0, and 60 at most")
        }
        let known = (BenchmarkRing.degrees + (deep ? [32768] : [])).map(String.init)
        guard degrees.split(separator: ",").allSatisfy({ known.contains(String($0)) }) else {
            throw ValidationError("--degrees takes \(known.joined(separator: ", "))")
        }
    }

    func run() throws {
        let stopwatch = Stopwatch(budget: .seconds(quick ? 0.01 : seconds))
        let memoryBytes = quick ? 1 << 22 : 1 << 28
        var rows: [Measurement] = []
        let degrees = quick ? [4096] : degrees.split(separator: ",").compactMap { Int($0) }
        if deep {
            rows = try DeepPrimitives(stopwatch: stopwatch).measure(degrees: Set(degrees))
        }
        for degree in deep ? [] : degrees {
            let ring = try BenchmarkRing(degree: degree)
            rows += try RingPrimitives(ring: ring, stopwatch: stopwatch).measure()
            rows += try SmallWeightPrimitives(ring: ring, stopwatch: stopwatch).measure()
            rows += try CiphertextPrimitives(ring: ring, stopwatch: stopwatch).measure()
            rows += try PlaintextPrimitives(
                ring: ring, stopwatch: stopwatch, memoryBytes: memoryBytes
            ).measure()
        }
        let report = MicroReport(
            tool: "Blindsight", available: true, kernels: String(cString: bsk_path()),
            plaintextModulus: BenchmarkRing.plaintextModulus,
            bandwidth: Bandwidth(memoryWords: memoryBytes / 8, stopwatch: stopwatch), rows: rows)
        print(report.table)
        if let json {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
            encoder.keyEncodingStrategy = .convertToSnakeCase
            try encoder.encode(report).write(to: URL(fileURLWithPath: json))
        }
    }
}
