// SPDX-License-Identifier: Apache-2.0

/// Numbers separated by commas, semicolons, tabs or spaces, a sample a line, under a header or none.
enum CSVFormat {
    /// Bytes by which text is told.
    static let headLength = 4096

    static func isText(_ bytes: [UInt8]) -> Bool {
        !bytes.isEmpty
            && bytes.prefix(headLength).allSatisfy { $0 >= 0x20 || (9...13).contains($0) }
    }

    static func parse(
        _ bytes: [UInt8], as reading: SampleReading = SampleReading()
    ) throws(SampleError) -> SampleSet {
        var reader = try CSVReader(bytes, reading)
        return try reader.samples()
    }
}

/// Reads the numbers of a CSV file.
private struct CSVReader {
    private var records: CSVRecords
    private let expectedCount: Int?
    private let keepsFaults: Bool
    private let hasHeader: Bool
    /// The line and text of a header that may be a sample too.
    private var openHeader: (line: Int, text: String)?
    /// Cells of a line.
    private let columns: Int
    /// Whether every line ends by a separator, behind which nothing stands; and the line by which that is known.
    private let trailing: Int?
    private typealias Place = (line: Int, column: Int, text: String)

    /// Whether a comma marks decimals in some cell; a cell in which it may group thousands instead; one with a dot.
    private var hasDecimalComma = false
    private var openComma: Place?
    private var dot: Place?

    init(_ bytes: [UInt8], _ reading: SampleReading) throws(SampleError) {
        expectedCount = reading.expectedCount
        keepsFaults = reading.keepsFaults
        let all = try CSVRecords(bytes).identified(
            by: reading.identifier, reading.header)
        // Whose first line has a name has a header.
        let header = reading.identifier == nil ? reading.header : .present
        var first = all
        guard try first.next() else { throw Self.empty }
        var second = first
        let isOnly = try !second.next()
        let model = isOnly ? first : second
        let count = model.cells.count
        let isTrailing = count > 1 && Self.isEmpty(model.cells[count - 1])
        trailing = isTrailing ? model.recordLine : nil
        columns = isTrailing ? count - 1 : count

        (hasHeader, openHeader) = try Self.header(
            of: first, trailing: isTrailing, header: header, isOnly: isOnly)
        records = hasHeader ? first : all
        guard hasHeader else { return }
        if isOnly { throw Self.empty }
        var names = first.cells
        if names.count == columns + 1, Self.isEmpty(names[columns]) { names.removeLast() }
        guard names.count == columns else {
            throw .malformed(
                format: "CSV",
                reason:
                    "the header has \(names.count) names, line \(model.recordLine) has \(columns) values"
                    + (names.count == columns - 1 ? "; a column of row names is no feature" : ""))
        }
    }

    private static let empty = SampleError.malformed(format: "CSV", reason: "no line of numbers")

    private static func isEmpty(_ cell: CSVRecords.Cell) -> Bool {
        cell.range.isEmpty && !cell.isQuoted
    }

    /// Whether the first record is a header, and where that is open its text.
    private static func header(
        of first: CSVRecords, trailing: Bool, header: CSVHeader, isOnly: Bool
    ) throws(SampleError) -> (Bool, (line: Int, text: String)?) {
        var cells = first.cells
        if trailing, cells.count > 1, isEmpty(cells[cells.count - 1]) { cells.removeLast() }
        let kinds = cells.map(first.kind)
        let isNumeric = kinds.allSatisfy { $0.reason == nil }
        switch header {
        case .absent: return (false, nil)
        case .present:
            // Which of two lines is the header?
            if isNumeric, let comment = first.comment {
                throw .malformed(
                    format: "CSV",
                    reason:
                        "line \(comment.line) is a comment, line \(first.recordLine) holds numbers: remove the "
                        + "comment if that is the header, or state that the file has none")
            }
            return (true, nil)
        case .automatic:
            if isNumeric {
                let isOpen = !isOnly && isConsecutive(first, cells)
                let text = cells.map(first.text).joined(separator: ",")
                return (false, isOpen ? (first.recordLine, text) : nil)
            }
            if kinds.allSatisfy({ $0 == .name }) { return (true, nil) }
            if kinds.count > 1, kinds.dropFirst().allSatisfy({ $0 == .name }),
                first.text(cells[0]).isEmpty
            {
                throw .indexColumn(line: first.recordLine)
            }
            let column =
                kinds.firstIndex { $0.reason != nil && $0 != .name } ?? kinds.firstIndex {
                    $0 == .name
                }!
            throw .notANumber(
                line: first.recordLine, column: column + 1, text: first.text(cells[column]),
                reason: kinds[column].reason!, mayBeHeader: true)
        }
    }

    /// Whole numbers that ascend by one: what tools call columns without names. One alone only where it is 0.
    private static func isConsecutive(
        _ records: CSVRecords, _ cells: [CSVRecords.Cell]
    ) -> Bool {
        let numbers = cells.map { Int(records.text($0)) }
        guard let first = numbers[0], numbers.count > 1 || first == 0 else { return false }
        return numbers.enumerated().allSatisfy { $1 == first + $0 }
    }

    mutating func samples() throws(SampleError) -> SampleSet {
        if let open = openHeader, expectedCount == nil {
            throw .ambiguousHeader(line: open.line, text: open.text)
        }
        var values: [Float] = []
        var rows = CSVRows(keepsFaults: keepsFaults)
        while try records.next() {
            if columns == 1, let line = records.blankLine {
                throw .notANumber(
                    line: line, column: 1, text: "", reason: CSVCell([], commas: false).reason!,
                    mayBeHeader: false)
            }
            try rows.append(records, to: &values, columns: columns) {
                values throws(SampleError) in try append(to: &values)
            }
        }
        if !hasDecimalComma, let open = openComma {
            throw .notANumber(
                line: open.line, column: open.column, text: open.text,
                reason:
                    "has a comma for decimals or for thousands, and no other cell tells: use a dot for decimals",
                mayBeHeader: false)
        }
        if hasDecimalComma || openComma != nil, let dot {
            throw .notANumber(
                line: dot.line, column: dot.column, text: dot.text,
                reason:
                    "has a dot, and other cells have a comma: use dots for decimals and nothing between thousands",
                mayBeHeader: false)
        }
        // One line more than there are samples: then the numbers of columns are its header.
        if openHeader != nil, rows.lines.count == expectedCount.map({ $0 + 1 }) {
            values.removeFirst(columns)
            rows.removeFirst()
        }
        return SampleSet(
            count: rows.lines.count, sampleShape: [columns], values: .floats(values)
        ).with(rows)
    }

    private mutating func append(to values: inout [Float]) throws(SampleError) {
        let line = records.recordLine
        var count = records.cells.count
        if let trailing, count > 1, count == columns + 1 {
            guard Self.isEmpty(records.cells[count - 1]) else {
                throw .notANumber(
                    line: trailing, column: count, text: "",
                    reason: CSVCell([], commas: false).reason!, mayBeHeader: false)
            }
            count -= 1
        }
        // First what is wrong with a cell: it may be why there are more or fewer.
        for (index, cell) in records.cells.prefix(count).enumerated() {
            switch records.kind(cell) {
            case .number(let value, let comma):
                values.append(value)
                if comma == .decimal { hasDecimalComma = true }
                if comma == .open, openComma == nil {
                    openComma = (line, records.column(index), records.text(cell))
                }
                if records.takesDecimalCommas, dot == nil,
                    records.bytes[cell.range].contains(UInt8(ascii: "."))
                {
                    dot = (line, records.column(index), records.text(cell))
                }
            case let other:
                throw .notANumber(
                    line: line, column: records.column(index), text: records.text(cell),
                    reason: other.reason!,
                    mayBeHeader: false)
            }
        }
        guard count == columns else {
            throw .malformed(
                format: "CSV", reason: "line \(line) has \(count) values, others have \(columns)")
        }
    }
}
