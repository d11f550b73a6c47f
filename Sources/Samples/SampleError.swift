// SPDX-License-Identifier: Apache-2.0

import Files

/// Why a file of samples or labels was refused.
package enum SampleError: Error, Equatable, CustomStringConvertible {
    /// Neither IDX, NPY, NPZ nor CSV, by content.
    case unknownFormat
    /// Another format that is known by its first bytes, and what to do.
    case foreign(format: String, remedy: String)
    /// Contents that contradict the format.
    case malformed(format: String, reason: String)
    /// Element types, orders or versions that are not read.
    case unsupported(format: String, reason: String)
    /// A cell of a CSV file that is no number. `mayBeHeader`: its line is the first, and may name the columns.
    case notANumber(line: Int, column: Int, text: String, reason: String, mayBeHeader: Bool)
    /// The first line can be meant as a sample and as names of columns.
    case ambiguousHeader(line: Int, text: String)
    /// The first column has no name.
    case indexColumn(line: Int)
    /// An NPZ file of several arrays, or without the one that was asked for.
    case whichArray(asked: String?, names: [String])
    /// Uncompressed data that grow beyond the limit, in bytes.
    case tooLarge(limit: Int)
    /// Labels that are neither whole numbers from 0 up nor names of classes.
    case notLabels(String)
    /// No pair of images and labels in a folder, or no telling which.
    case noPair(directory: String, reason: String)

    /// What a caller can say about the file so that it is read.
    package enum Choice { case header, array }

    package var choice: Choice? {
        switch self {
        case .notANumber(_, _, _, _, let mayBeHeader): mayBeHeader ? .header : nil
        case .ambiguousHeader, .indexColumn: .header
        case .whichArray: .array
        default: nil
        }
    }

    package var description: String {
        switch self {
        case .unknownFormat: "neither IDX, NPY, NPZ nor CSV (gzip of them is read too)"
        case .foreign(let format, let remedy): "\(format): \(remedy)"
        case .malformed(let format, let reason): "broken \(format) file: \(reason)"
        case .unsupported(let format, let reason): "\(format) file: \(reason)"
        case .notANumber(let line, let column, let text, let reason, let mayBeHeader):
            "line \(line), column \(column): '\(text.printable(limit: 40))' \(reason)"
                + (mayBeHeader
                    ? "; if the line names the columns, the file must be read as one with a header"
                    : "")
        case .ambiguousHeader(let line, let text):
            "line \(line), '\(text.printable(limit: 40))', can be a sample or the columns' numbers (as pandas writes "
                + "them): state whether the file has a header"
        case .indexColumn(let line):
            "line \(line): the first column has no name. If it is an index (as pandas writes it), write the file "
                + "without it; if it is a feature, state that the file has a header"
        case .whichArray(let asked, let names):
            (asked.map { "no array '\($0.printable(limit: 40))'; " } ?? "several arrays; name one: ")
                + (asked == nil ? "" : "it has ")
                + (names.isEmpty
                    ? "none"
                    : names.prefix(10).map { $0.printable(limit: 40) }.joined(separator: ", "))
                + (names.count > 10 ? " and \(names.count - 10) more" : "")
        case .tooLarge(let limit): "uncompressed data of more than \(limit) bytes"
        case .notLabels(let reason): "not labels: \(reason)"
        case .noPair(let directory, let reason): "no samples to use in \(directory): \(reason)"
        }
    }
}
