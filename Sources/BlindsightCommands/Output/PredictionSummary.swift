// SPDX-License-Identifier: Apache-2.0

import Blindsight
import Files
import InferenceClient

/// Many predictions in a few lines: the first of them, and how often each label came.
struct PredictionSummary {
    static let shown = 5

    let outputs: OutputReading
    private(set) var first: [Prediction] = []
    private(set) var count = 0
    /// By label; those that the plan has no names for, as they come.
    private var counts: [String: Int] = [:]

    init(_ outputs: OutputReading) {
        self.outputs = outputs
    }

    mutating func add(_ prediction: Prediction) {
        if first.count < Self.shown { first.append(prediction) }
        counts[prediction.label, default: 0] += 1
        count += 1
    }

    /// Of each output: a label where outputs are labels' scores, else its number.
    static func names(_ outputs: OutputReading) -> [String] {
        outputs.labels.count == outputs.count
            ? outputs.labels : (0..<outputs.count).map(String.init)
    }

    private var hasLabels: Bool { outputs.saysLabel }

    /// Labels in the plan's order, others after them.
    private var labels: [String] {
        let others = Set(counts.keys).subtracting(outputs.labels).sorted {
            (Int($0) ?? .max, $0) < (Int($1) ?? .max, $1)
        }
        return outputs.labels + (hasLabels ? others : [])
    }

    /// Members of a JSON object.
    var members: [(String, JSON)] {
        var members: [(String, JSON)] = [
            ("samples", .integer(count)),
            ("labels", .array(labels.map { .string($0) })),
        ]
        if hasLabels {
            members.append(("counts", .array(labels.map { .integer(counts[$0] ?? 0) })))
        }
        let rows = first.enumerated().map { sample, prediction in
            JSON.object(
                [("sample", .integer(sample))]
                    + (hasLabels
                        ? [
                            ("label", .string(prediction.label)),
                            ("index", .integer(prediction.index)),
                        ] : []) + [
                        ("logits", .array(prediction.logits.map { .integer($0) })),
                        ("values", .array(prediction.values.map { .number($0) })),
                    ] + NamedOutputs.members(prediction))
        }
        return members + [
            ("first", .array(rows)), ("certified", .boolean(outputs.rangeIsProven)),
        ]
    }

    var text: String {
        var lines = firstTable.text
        if count > first.count { lines += "\n  ... \(Format.grouped(count)) samples" }
        if hasLabels {
            var table = Table(.left, .right)
            table.add("label", "samples")
            for label in labels {
                guard let count = counts[label] else { continue }
                table.add(label.printable(limit: 60), Format.grouped(count))
            }
            lines += "\n\n" + table.text
        }
        if !outputs.rangeIsProven {
            lines += "\n\nNot certified: the plan's range is \(outputs.boundMethod.printable)"
        }
        return lines
    }

    /// One output a sample: the largest, or the first of a regression or of votes.
    private var firstTable: Table {
        var table = Table(.right, .left, .right, .right)
        table.add("sample", hasLabels ? "label" : "output", "logit (integer)", "value")
        for (sample, prediction) in first.enumerated() {
            let isLargest =
                outputs.decision == .largest && prediction.logits.indices.contains(prediction.index)
            let output = isLargest ? prediction.index : 0
            let label = hasLabels ? prediction.label : outputs.labels.first ?? "0"
            // Scores of a program may be fewer than its inputs.
            let value = prediction.values.indices.contains(output) ? prediction.values[output] : 0
            table.add(
                "\(sample)", label.printable(limit: 60), Format.grouped(prediction.logits[output]),
                Format.decimals(value, 4))
        }
        return table
    }
}
