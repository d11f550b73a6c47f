// SPDX-License-Identifier: Apache-2.0

import Files

/// Rows of cells, aligned by column. A cell is one line, whatever its text is: it may be a name from a file.
struct Table {
    enum Alignment { case left, right }

    let columns: [Alignment]
    private var rows: [[String]] = []

    init(_ columns: Alignment...) { self.columns = columns }

    mutating func add(_ cells: String...) {
        precondition(cells.count == columns.count)
        rows.append(cells.map { $0.printable(limit: 500) })
    }

    /// One string a row, columns two blanks apart, each line begun by `indent`.
    func lines(indent: String = "  ") -> [String] {
        let widths = columns.indices.map { column in
            rows.map { $0[column].count }.max() ?? 0
        }
        return rows.map { row in
            let cells = columns.indices.map { column in
                let blank = String(repeating: " ", count: widths[column] - row[column].count)
                return columns[column] == .left ? row[column] + blank : blank + row[column]
            }
            var line = indent + cells.joined(separator: "  ")
            while line.last == " " { line.removeLast() }
            return line
        }
    }

    /// The first row as the head; cells are escaped.
    var markdown: String {
        func line(_ cells: [String]) -> String { "| " + cells.joined(separator: " | ") + " |" }
        let head = rows.first ?? []
        let marks = columns.map { $0 == .left ? "---" : "---:" }
        return
            ([line(head.map(ModelReport.escaped)), line(marks)]
            + rows.dropFirst().map { line($0.map(ModelReport.escaped)) }).joined(separator: "\n")
    }

    /// A line a row, for tables without a head.
    var markdownList: String {
        rows.map { ModelReport.item($0.joined(separator: ": ")) }.joined(separator: "\n")
    }

    var text: String { lines().joined(separator: "\n") }
}
