// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import BigIntegers
import Blindsight
import Files
import InferenceClient

/// Where `decrypt` writes its table, and how.
struct PredictionTable {
    enum Format: String, ExpressibleByArgument, CaseIterable { case csv, npy, json }

    let path: String
    let format: Format

    /// - Parameters:
    ///   - format: nil: by the name's end.
    ///   - fallback: where the name doesn't tell.
    init(path: String, format: Format?, fallback: Format? = nil) throws {
        self.path = path
        let ending = path.split(separator: ".").last.map { $0.lowercased() }
        guard let format = format ?? ending.flatMap(Format.init) ?? fallback else {
            throw ValidationError(
                "\(path) ends in neither .csv nor .npy nor .json: say --format csv, npy or json")
        }
        self.format = format
    }

    /// - Parameter count: of the predictions to come.
    func begin(
        _ outputs: OutputReading, count: Int, rows: SampleRows? = nil
    ) throws -> PredictionFile {
        try PredictionFile(self, outputs, count: count, rows: rows)
    }
}

/// A table of predictions that is being written; readable by its owner only.
///
/// CSV has a head and a row for each sample: its number, its label (but of a regression), the integers, their values;
/// in place of values all that the model puts out, by its names, where that is more than scores.
/// Where rows of the file that was encrypted are known, each has a row with its name, if it has one, and its status.
/// NPY has the integers only: int64, samples by outputs.
package final class PredictionFile {
    private let file: StagedFile
    private let format: PredictionTable.Format
    private let hasLabel: Bool
    private var buffer: [UInt8] = []
    private var count = 0
    private let rows: SampleRows?
    /// Cells of a row behind its name and status.
    private let width: Int

    fileprivate init(
        _ table: PredictionTable, _ outputs: OutputReading, count: Int, rows: SampleRows?
    ) throws {
        self.rows = rows
        if let rows, table.format == .npy, rows.encryptedCount < rows.all.count {
            throw CommandError.rowsWithoutLogits(table.path)
        }
        format = table.format
        hasLabel = outputs.saysLabel
        let limit = BigInt(1) << 63
        let widest = outputs.bounds.map { max($0.upperBound + 1, -$0.lowerBound) }.max() ?? 0
        if format == .npy, widest > limit {
            throw CommandError.tooWideForNPY(bits: widest.bitLength + 1)
        }
        file = try StagedFile(table.path, isPrivate: true)
        switch format {
        case .csv:
            let names = PredictionSummary.names(outputs).map { $0.printable(limit: 1024) }
            let columns =
                (hasLabel ? ["label"] : []) + names.map { "logit_\($0)" }
                + (outputs.program.map { NamedOutputs.columns($0.sizes) }
                    ?? names.map { "value_\($0)" })
            width = columns.count
            write(
                row: ["sample"] + (rows?.hasIdentifiers == true ? ["id"] : [])
                    + (rows == nil ? [] : ["status"]) + columns)
        case .npy:
            width = 0
            buffer += Self.header(rows: count, columns: outputs.bounds.count)
        case .json: preconditionFailure("a result file")
        }
    }

    func append(_ prediction: Prediction) throws {
        switch format {
        case .csv:
            writeRefused()
            write(
                row: head("decrypted") + (hasLabel ? [Self.printed(prediction.label)] : [])
                    + prediction.logits.map(\.description)
                    + (prediction.outputs.isEmpty
                        ? prediction.values.map(\.description)
                        : prediction.outputs.flatMap { output in
                            output.meaning == .real
                                ? output.texts : output.texts.map(Self.printed)
                        }))
        case .npy:
            for logit in prediction.logits {
                // Only a reply that no honest server gives leaves the bounds.
                guard let value = Int64(exactly: logit) else {
                    throw CommandError.tooWideForNPY(bits: logit.bitLength + 1)
                }
                let word = UInt64(bitPattern: value)
                for byte in 0..<8 { buffer.append(UInt8(truncatingIfNeeded: word >> (8 * byte))) }
            }
        case .json: preconditionFailure("a result file")
        }
        count += 1
        if buffer.count >= 1 << 16 { try flush() }
    }

    func finish() throws {
        if format == .csv { writeRefused() }
        try flush()
        try file.finish()
    }

    /// The row's number, name and status.
    private func head(_ status: String) -> [String] {
        guard let rows, count < rows.all.count else { return ["\(count)"] }
        return ["\(count)"]
            + (rows.hasIdentifiers ? [Self.printed(rows.all[count].identifier)] : []) + [status]
    }

    /// The rows before the next that was encrypted.
    private func writeRefused() {
        while let rows, count < rows.all.count, let refusal = rows.all[count].refusal {
            write(
                row: head("refused: " + refusal.printable(limit: 400))
                    + [String](repeating: "", count: width))
            count += 1
        }
    }

    private func flush() throws {
        try file.write(buffer)
        buffer.removeAll(keepingCapacity: true)
    }

    private func write(row cells: [String]) {
        buffer += Array(cells.map(Self.quoted).joined(separator: ",").utf8) + [10]
    }

    /// A label, as text: a spreadsheet must not take it for a formula, so what begins like one gets an apostrophe,
    /// unless it is a number (classes -1 and +1). Wide forms of the signs begin formulas in some of them.
    package static func printed(_ label: String) -> String {
        let text = label.printable(limit: 1024)
        let begins = text.unicodeScalars.first.map { "=+-@＝＋－＠".unicodeScalars.contains($0) }
        return begins == true && !isNumber(text) ? "'" + text : text
    }

    /// Digits, perhaps a sign before them and a point among them.
    private static func isNumber(_ text: String) -> Bool {
        let digits = text.first.map { "+-".contains($0) } == true ? text.dropFirst() : text[...]
        let parts = digits.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count <= 2
            && parts.allSatisfy {
                !$0.isEmpty && $0.unicodeScalars.allSatisfy { ("0"..."9").contains($0) }
            }
    }

    /// As RFC 4180 has it.
    private static func quoted(_ cell: String) -> String {
        guard cell.contains(where: { ",\"\r\n".contains($0) }) else { return cell }
        return "\"" + cell.unicodeScalars.map { $0 == "\"" ? "\"\"" : String($0) }.joined() + "\""
    }

    /// NPY version 1.0: 64 bytes or a multiple of them.
    private static func header(rows: Int, columns: Int) -> [UInt8] {
        let text = "{'descr': '<i8', 'fortran_order': False, 'shape': (\(rows), \(columns)), }"
        let blank = (64 - (10 + text.utf8.count + 1) % 64) % 64
        let length = text.utf8.count + blank + 1
        return [0x93] + Array("NUMPY".utf8) + [1, 0, UInt8(length & 255), UInt8(length >> 8)]
            + Array(text.utf8) + [UInt8](repeating: 0x20, count: blank) + [10]
    }
}
