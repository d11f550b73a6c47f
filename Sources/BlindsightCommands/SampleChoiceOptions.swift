// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import InferenceClient
import IntegerNetworks
import Samples

/// Which samples of a file are taken.
struct SampleChoiceOptions: ParsableArguments {
    @Option(help: "The file of samples.", completion: .file())
    var input: String

    @Option(help: "The one sample to take; the first is 0.")
    var index: Int?

    @Option(help: "The first sample to take; by default 0.")
    var from: Int?

    @Option(help: "How many samples to take; by default all.")
    var limit: Int?

    func validate() throws {
        if let limit, limit < 1 { throw ValidationError("--limit must be at least 1") }
        guard index == nil || (from == nil && limit == nil) else {
            throw ValidationError("give either --index or --from and --limit")
        }
    }

    /// The samples of the file, and those of the chosen ones that can be encrypted.
    ///
    /// - Parameter id: the column that names rows.
    /// - Throws: `CommandError` for a sample that isn't there, and what reading and quantizing throw.
    func read(
        for plan: ClientPlan, as reading: SampleReading, id: String?, outside: OutsideValues
    ) throws -> (samples: SampleSet, rows: EncryptableRows) {
        var reading = reading
        reading.identifier = id
        reading.keepsFaults = true
        let samples = try CommandFiles.samples(input, for: plan, as: reading)
        let first = index ?? from ?? 0
        guard (0..<samples.count).contains(first) else {
            throw CommandError.noSuchSample(first, count: samples.count)
        }
        let count = min(index == nil ? limit ?? samples.count : 1, samples.count - first)
        return (
            samples,
            try EncryptableRows(
                samples, first..<first + count, for: plan, outside: outside, path: input)
        )
    }
}
