// SPDX-License-Identifier: Apache-2.0

import BigIntegers
import Blindsight
import Files
import InferenceClient
import TensorGraphs

/// A JSON file of predictions whose size depends on the plan and the number of samples, on nothing that was decrypted;
/// readable by its owner only. What became of each sample stands in it and nowhere else.
final class ResultFile {
    private let file: StagedFile
    private let plan: ClientPlan
    private let sampleCount: Int
    /// Bytes of each sample's line.
    private let width: Int
    private let blank: Prediction
    private var buffer: [UInt8] = []
    private var count = 0
    /// Left out of the lines.
    private var traps: TrapCheck?
    private var place = 0
    private let rows: SampleRows?

    /// - Parameters:
    ///   - count: of the reply's places, traps included.
    ///   - rows: of the file that was encrypted, where they are known.
    init(
        _ path: String, _ plan: ClientPlan, count: Int, traps: TrapCheck? = nil,
        rows: SampleRows? = nil
    ) throws {
        self.rows = rows
        self.plan = plan
        self.traps = traps
        let count = rows?.all.count ?? (count - (traps?.count ?? 0))
        sampleCount = count
        width = Self.width(plan, samples: count)
        blank = plan.outputs.prediction(
            [BigInt](repeating: 0, count: plan.outputs.count), noiseMarginBits: .infinity)
        file = try StagedFile(path, isPrivate: true)
        let labels = JSON.array(plan.outputs.labels.map { .string($0) }).text
        buffer += Array(
            """
            {
              "samples": \(count),
              "labels": \(labels),
              "certified": \(plan.outputs.rangeIsProven),
              "results": [

            """.utf8)
    }

    /// Appends what became of a group's samples. One that was refused is written as another is.
    func append(_ group: Result<Predictions, SecretRefusal>, samples: Int) throws {
        for sample in 0..<samples {
            defer { place += 1 }
            let logits = (try? group.get())?[sample].logits
            guard traps?.take(logits, at: place) != false else { continue }
            let prediction: Prediction
            var refusal: SecretRefusal?
            switch group {
            case .success(let predictions): prediction = predictions[sample]
            case .failure(let found): (prediction, refusal) = (blank, found)
            }
            writeRefused()
            var line = Self.line(count, prediction, refusal)
            if line.count > width { line = Self.line(count, blank, .width) }
            write(line + [UInt8](repeating: 0x20, count: width - line.count))
            if buffer.count >= 1 << 16 { try flush() }
        }
    }

    /// A line, with its row's name, which was known before anything was decrypted.
    private func write(_ line: [UInt8]) {
        var line = line
        if let rows, rows.hasIdentifiers {
            let name = "\"id\": \(JSON.string(rows.all[count].identifier).text), "
            line.insert(contentsOf: Array(name.utf8), at: line.firstIndex(of: 0x7B)! + 1)
        }
        count += 1
        buffer += line
        buffer += count < sampleCount ? [0x2C, 0x0A] : [0x20, 0x0A]
    }

    /// The rows before the next that was encrypted.
    private func writeRefused() {
        while let rows, count < rows.all.count, let refusal = rows.all[count].refusal {
            write(
                Array(
                    Self.members(
                        "\(count)", "\"not encrypted\"", JSON.string(refusal).text, "null", "null",
                        "null", "null", blank.outputs.isEmpty ? nil : "null"
                    ).utf8))
        }
    }

    func finish() throws {
        writeRefused()
        buffer += Array("  ]".utf8)
        if let traps {
            let found = "\(traps.disagreeing)"
            let blank = String(repeating: " ", count: "\(traps.count)".count - found.count)
            buffer += Array(
                ",\n  \"traps\": \(traps.count),\n  \"traps_disagreeing\": \(found)\(blank)".utf8)
        }
        buffer += Array("\n}\n".utf8)
        try flush()
        try file.finish()
    }

    private func flush() throws {
        try file.write(buffer)
        buffer.removeAll(keepingCapacity: true)
    }

    // MARK: Lines

    /// The members of a line's object, before they are padded.
    private static func members(
        _ sample: String, _ status: String, _ problem: String, _ label: String, _ index: String,
        _ logits: String, _ values: String, _ outputs: String?
    ) -> String {
        """
            {"sample": \(sample), "status": \(status), "problem": \(problem), "label": \(label), \
        "index": \(index), "logits": \(logits), "values": \(values)\(outputs.map { ", \"outputs\": \($0)" } ?? "")}
        """
    }

    private static func line(
        _ sample: Int, _ prediction: Prediction, _ refusal: SecretRefusal?
    ) -> [UInt8] {
        let decrypted = members(
            "\(sample)", "\"decrypted\"", "null", JSON.string(prediction.label).text,
            "\(prediction.index)", JSON.array(prediction.logits.map { .integer($0) }).text,
            JSON.array(prediction.values.map { .number($0) }).text,
            NamedOutputs.line(prediction))
        let refused = members(
            "\(sample)", "\"refused\"", JSON.string(refusal?.rawValue ?? "").text, "null", "null",
            "null", "null", prediction.outputs.isEmpty ? nil : "null")
        return Array((refusal == nil ? decrypted : refused).utf8)
    }

    /// Bytes of the longest line that the plan allows.
    private static func width(_ plan: ClientPlan, samples: Int) -> Int {
        let outputs = plan.outputs
        // A decoded output is less than a modulus from its range.
        let widest = outputs.bounds.reduce(BigInt(0)) {
            max($0, max($1.upperBound.magnitude, $1.lowerBound.magnitude))
        }
        let digits = (widest + plan.certificate.modulus).description.utf8.count + 1
        // "-2.2250738585072014e-308".
        let decimals = 24
        func list(_ width: Int, _ count: Int) -> Int { 2 + count * (width + 2) }
        let label = outputs.labels.map { JSON.string($0).text.utf8.count }.max() ?? 0
        let problem =
            SecretRefusal.allCases.map { JSON.string($0.rawValue).text.utf8.count }.max() ?? 0
        // Of a program: its scores, then all its outputs.
        let program = outputs.program
        let scores = program.flatMap { $0.scores.map { program!.sizes[$0].count } } ?? outputs.count
        let others = program.map {
            list(decimals, $0.sizes.map(\.count).reduce(0, +)) + $0.textBytes
        }
        return members("", "", "", "", "", "", "", program.map { _ in "" }).utf8.count
            + "\(samples)".utf8.count
            + "\"decrypted\"".utf8.count + problem + max(label, 4)
            + max("\(outputs.labels.count)".utf8.count, 4) + list(digits, outputs.count)
            + list(decimals, scores) + (others ?? 0)
    }
}

extension OutputProgram {
    /// Bytes of names and labels in a line, and of what stands around them, at most.
    fileprivate var textBytes: Int {
        outputs.reduce(8) { sum, output in
            var longest = 0
            if case .label(let names) = output.meaning {
                longest = names.map { JSON.string($0).text.utf8.count }.max() ?? 0
            }
            return sum + JSON.string(output.name).text.utf8.count + 8
                + output.shape.reduce(1, *) * longest
        }
    }
}
