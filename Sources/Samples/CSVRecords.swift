// SPDX-License-Identifier: Apache-2.0

import Files

/// The records of a CSV file (RFC 4180, and what tools make of it): cells in quotes or not; blank lines and lines that
/// begin with # are passed over; lines end by LF, CRLF or CR.
struct CSVRecords {
    enum Separator: Equatable {
        case byte(UInt8)
        /// Any number of spaces and tabs.
        case blanks
        /// A line is a cell.
        case none
    }

    /// Where a cell stands, without blanks and quotes around it.
    struct Cell: Equatable {
        var range: Range<Int>
        var isQuoted = false
    }

    let bytes: [UInt8]
    private(set) var separator: Separator
    private var position: Int
    /// Of the line at `position`, from 1.
    private var line = 1

    /// The cells of the record read last, but for an identifier.
    private(set) var cells: [Cell] = []
    /// The place of a column that names rows, which is no cell of theirs.
    var identifierColumn: Int?
    /// Of the record read last.
    private(set) var identifier: Cell?
    /// Its first line.
    private(set) var recordLine = 0
    /// The last blank line before it, but after another record.
    private(set) var blankLine: Int?
    /// The last comment before it: its line and text.
    private(set) var comment: (line: Int, range: Range<Int>)?

    private static let lf = UInt8(ascii: "\n")
    private static let cr = UInt8(ascii: "\r")
    private static let quote = UInt8(ascii: "\"")

    /// - Parameter takesBlanks: whether spaces may separate cells.
    init(_ bytes: [UInt8], takesBlanks: Bool = true) {
        self.bytes = bytes
        separator = .none
        // A byte-order mark.
        position = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0
        // A line by which Excel is told the separator.
        let first = bytes[position...].prefix(6)
        if first.starts(with: "sep=".utf8), first.count >= 5 {
            let byte = first[position + 4]
            if first.count == 5 || Self.isEnd(first[position + 5]) {
                separator = .byte(byte)
                position += 5
                skipLineEnd()
                return
            }
        }
        separator = Self.separator(of: self, takesBlanks: takesBlanks)
    }

    // MARK: Separators

    /// That of the second record, which is no header, or else of the only one.
    private static func separator(of records: CSVRecords, takesBlanks: Bool) -> Separator {
        var records = records
        let first = records.nextRaw()
        let range = records.nextRaw() ?? first ?? 0..<0
        var counts: [UInt8: Int] = [:]
        var looseCommas = 0
        var isQuoted = false
        for index in range {
            let byte = records.bytes[index]
            if byte == quote { isQuoted.toggle() }
            guard !isQuoted else { continue }
            counts[byte, default: 0] += 1
            if byte == UInt8(ascii: ","), index + 1 < range.upperBound,
                !isBlank(records.bytes[index + 1])
            {
                looseCommas += 1
            }
        }
        let (semicolon, tab, comma) = (UInt8(ascii: ";"), UInt8(9), UInt8(ascii: ","))
        if counts[semicolon] != nil { return .byte(semicolon) }
        // Commas that tabs follow make these mere blanks.
        if counts[tab] != nil, counts[comma] == nil || looseCommas > 0 { return .byte(tab) }
        if counts[comma] != nil { return .byte(comma) }
        let words = records.bytes[range].split(whereSeparator: isBlank)
        guard takesBlanks, words.count > 1,
            words.allSatisfy({ CSVCell($0, commas: false) != .name })
        else { return .none }
        return .blanks
    }

    /// Whether a comma may mark decimals.
    var takesDecimalCommas: Bool {
        separator == .byte(UInt8(ascii: ";")) || separator == .byte(9)
    }

    /// Where the next record stands, as far as quotes tell before the separator is known.
    private mutating func nextRaw() -> Range<Int>? {
        skipLinesWithoutRecord()
        let start = position
        var isQuoted = false
        while position < bytes.count, isQuoted || !Self.isEnd(bytes[position]) {
            if bytes[position] == Self.quote { isQuoted.toggle() }
            position += 1
        }
        let end = position
        skipLineEnd()
        return start < end ? start..<end : nil
    }

    // MARK: Reading

    private static func isEnd(_ byte: UInt8) -> Bool { byte == lf || byte == cr }

    private static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 9 }

    private func isBlank(_ byte: UInt8) -> Bool {
        byte == 0x20 || (byte == 9 && separator != .byte(9))
    }

    private mutating func skipLineEnd() {
        guard position < bytes.count else { return }
        let isPair =
            bytes[position] == Self.cr && position + 1 < bytes.count
            && bytes[position + 1] == Self.lf
        position += isPair ? 2 : 1
        line += 1
    }

    private mutating func skipLinesWithoutRecord() {
        while position < bytes.count {
            var end = position
            while end < bytes.count, Self.isBlank(bytes[end]) { end += 1 }
            if end < bytes.count, bytes[end] == UInt8(ascii: "#") {
                let start = end
                while end < bytes.count, !Self.isEnd(bytes[end]) { end += 1 }
                comment = (line, start + 1..<end)
            } else if end < bytes.count, !Self.isEnd(bytes[end]) {
                return
            } else if end < bytes.count, recordLine > 0 {
                blankLine = line
            }
            position = end
            skipLineEnd()
        }
    }

    /// Reads the next record into `cells`.
    /// - Returns: whether there was one.
    /// - Throws: `SampleError.malformed` for quotes that do not end, or are followed by text.
    mutating func next() throws(SampleError) -> Bool {
        blankLine = nil
        skipLinesWithoutRecord()
        cells.removeAll(keepingCapacity: true)
        guard position < bytes.count else { return false }
        recordLine = line
        while true {
            cells.append(try cell())
            if position >= bytes.count { break }
            if Self.isEnd(bytes[position]) {
                skipLineEnd()
                break
            }
            // Blanks were passed already.
            if separator != .blanks { position += 1 }
        }
        identifier = nil
        if let column = identifierColumn, column < cells.count {
            identifier = cells.remove(at: column)
        }
        return true
    }

    /// The place in the file of a cell, from 1.
    func column(_ cell: Int) -> Int {
        cell + 1 + (identifierColumn.map { $0 <= cell ? 1 : 0 } ?? 0)
    }

    /// The records of a file whose header names a column of identifiers; as they are where none is asked for.
    func identified(by name: String?, _ header: CSVHeader) throws(SampleError) -> CSVRecords {
        guard let name else { return self }
        guard header != .absent else {
            throw .malformed(
                format: "CSV",
                reason:
                    "a column of identifiers is found by the header, and the file is to have none")
        }
        var first = self
        let hasHeader = try first.next()
        let places = first.cells.indices.filter { first.text(first.cells[$0]) == name }
        guard hasHeader, places.count == 1 else {
            throw .malformed(
                format: "CSV",
                reason:
                    "its first line names the column '\(name.printable(limit: 40))' of identifiers \(places.isEmpty ? "nowhere" : "\(places.count) times")"
            )
        }
        var result = self
        result.identifierColumn = places[0]
        return result
    }

    private mutating func skipBlanks() {
        while position < bytes.count, isBlank(bytes[position]) { position += 1 }
    }

    private mutating func cell() throws(SampleError) -> Cell {
        skipBlanks()
        defer { if separator == .blanks { skipBlanks() } }
        if position < bytes.count, bytes[position] == Self.quote { return try quoted() }
        let start = position
        while position < bytes.count, !Self.isEnd(bytes[position]), !isSeparator(bytes[position]) {
            position += 1
        }
        var end = position
        while end > start, isBlank(bytes[end - 1]) { end -= 1 }
        return Cell(range: start..<end)
    }

    private func isSeparator(_ byte: UInt8) -> Bool {
        switch separator {
        case .byte(let separator): byte == separator
        case .blanks: Self.isBlank(byte)
        case .none: false
        }
    }

    private mutating func quoted() throws(SampleError) -> Cell {
        let firstLine = line
        position += 1
        let start = position
        while true {
            guard position < bytes.count else {
                throw .malformed(format: "CSV", reason: "line \(firstLine): a quote does not end")
            }
            if bytes[position] == Self.quote {
                guard position + 1 < bytes.count, bytes[position + 1] == Self.quote else { break }
                position += 2
            } else if Self.isEnd(bytes[position]) {
                skipLineEnd()
            } else {
                position += 1
            }
        }
        let range = start..<position
        position += 1
        let isApart = position < bytes.count && isBlank(bytes[position])
        skipBlanks()
        guard
            position >= bytes.count || Self.isEnd(bytes[position])
                || isSeparator(bytes[position]) || (separator == .blanks && isApart)
        else {
            throw .malformed(
                format: "CSV", reason: "line \(firstLine): text follows a cell in quotes")
        }
        return Cell(range: range, isQuoted: true)
    }

    /// A cell's text, its quotes undone.
    func text(_ cell: Cell) -> String {
        let text = String(decoding: bytes[cell.range], as: UTF8.self)
        return cell.isQuoted ? text.replacing("\"\"", with: "\"") : text
    }

    /// What a cell may be taken for.
    func kind(_ cell: Cell) -> CSVCell {
        CSVCell(trimmed(cell.range), commas: takesDecimalCommas)
    }

    private func trimmed(_ range: Range<Int>) -> ArraySlice<UInt8> {
        let slice = bytes[range].drop(while: Self.isBlank)
        let end = slice.lastIndex { !Self.isBlank($0) }.map { $0 + 1 } ?? slice.startIndex
        return slice[..<end]
    }
}
