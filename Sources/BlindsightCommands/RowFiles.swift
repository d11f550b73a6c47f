// SPDX-License-Identifier: Apache-2.0

import Blindsight
import Files
import InferenceClient
import IntegerNetworks
import Samples

/// Rows of a file of samples: those that can be encrypted, and why others can't.
struct EncryptableRows {
    /// Places in the file.
    private(set) var kept: [Int] = []
    private(set) var rows: [SampleRows.Row] = []
    private(set) var tally: QuantizationTally
    /// Of those that can't, in words that name them.
    private(set) var refusals: [String] = []
    private var areFarOutside = false

    /// - Throws: the first row's error where no row can be encrypted, or only one is asked for.
    init(
        _ samples: SampleSet, _ range: Range<Int>, for plan: ClientPlan, outside: OutsideValues,
        path: String
    ) throws {
        let quantizer = SampleQuantizer(plan.input, outside: outside)
        tally = QuantizationTally(plan.input)
        var first: CommandError?
        for index in range {
            let identifier = samples.identifiers.isEmpty ? "" : samples.identifiers[index]
            var refusal: (text: String, error: CommandError)?
            if let fault = samples.faults[index] {
                refusal = (fault.description, .samples(path, fault))
            } else {
                do throws(NetworkError) {
                    let prepared = try plan.prepared(samples.sample(at: index), index: index)
                    _ = try quantizer.quantize(prepared, index: index, tally: &tally)
                } catch {
                    let line = samples.lines.isEmpty ? "" : "line \(samples.lines[index]): "
                    refusal = ("\(line)\(error)", .sample(path, error))
                    if case .farOutside = error { areFarOutside = true }
                }
            }
            rows.append(SampleRows.Row(identifier: identifier, refusal: refusal?.text))
            if let refusal {
                first = first ?? refusal.error
                refusals.append(refusal.text)
            } else {
                kept.append(index)
            }
        }
        if let first, kept.isEmpty { throw first }
    }

    var isWorthAFile: Bool {
        !refusals.isEmpty || rows.contains { !$0.identifier.isEmpty }
    }

    var members: [(String, JSON)] {
        [
            ("refused_samples", .integer(refusals.count)),
            ("refusals", .array(refusals.prefix(100).map { .string($0.printable(limit: 400)) })),
        ]
    }

    /// Lines for people; none where all rows are encrypted.
    var lines: [String] {
        guard !refusals.isEmpty else { return [] }
        let shown = refusals.prefix(5).map { "  " + $0.printable(limit: 400) }
        let more = refusals.count - shown.count
        return [
            "NOT ENCRYPTED: \(Format.grouped(refusals.count)) of \(Format.grouped(rows.count)) rows"
        ] + shown + (more > 0 ? ["  and \(Format.grouped(more)) more"] : [])
            + (areFarOutside
                ? ["  (--outside clamp puts the range's nearest end in the place of such values)"]
                : [])
    }
}

/// Where what became of rows is kept: beside the request, readable by its owner only.
enum RowFiles {
    static func path(of request: String) -> String { request + ".rows" }

    /// nil where the request has none.
    static func read(of request: String, heads: RequestHeads, samples: Int) throws -> SampleRows? {
        try CommandFiles.text(beside: path(of: request), limit: SampleRows.maximumBytes) { text in
            let rows = try SampleRows(text: text)
            try rows.require(heads, samples: samples)
            return rows
        }
    }
}
