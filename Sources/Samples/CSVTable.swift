// SPDX-License-Identifier: Apache-2.0

/// A column of a table that a model takes.
package struct SampleColumn: Sendable, Equatable {
    package enum Kind: Sendable, Equatable {
        case number
        case whole
        /// Places in this list; -1 for a text that isn't in it.
        case text([String])
    }

    /// nil where columns are told by their order.
    package let name: String?
    package let kind: Kind

    package init(name: String?, kind: Kind) {
        self.name = name
        self.kind = kind
    }
}

/// Reads tables of columns that a model names: numbers, of which some may be missing, and texts. Columns are found by
/// the header's names, others are passed over; without a header they are as many as the model's, in its order.
struct CSVTable {
    private let columns: [SampleColumn]
    /// Places of texts, by column.
    private let places: [[String: Float]]

    init(_ columns: [SampleColumn]) {
        self.columns = columns
        places = columns.map { column in
            guard case .text(let texts) = column.kind else { return [:] }
            return Dictionary(
                texts.enumerated().map { ($1, Float($0)) }, uniquingKeysWith: { first, _ in first })
        }
    }

    private var areNamed: Bool { columns.allSatisfy { $0.name != nil } }

    func parse(_ bytes: [UInt8], as reading: SampleReading) throws(SampleError) -> SampleSet {
        var records = try CSVRecords(bytes, takesBlanks: false).identified(
            by: reading.identifier, reading.header)
        let header = reading.identifier == nil ? reading.header : .present
        var first = records
        guard try first.next() else {
            throw .malformed(format: "CSV", reason: "no line of values")
        }
        var order = Array(columns.indices)
        var width = columns.count
        if try hasHeader(first, header) {
            records = first
            if areNamed { order = try self.order(of: first) }
            width = first.cells.count
        }
        var values: [Float] = []
        var rows = CSVRows(keepsFaults: reading.keepsFaults)
        while try records.next() {
            try rows.append(records, to: &values, columns: columns.count) {
                values throws(SampleError) in
                guard records.cells.count == width else {
                    throw .malformed(
                        format: "CSV",
                        reason:
                            "line \(records.recordLine) has \(records.cells.count) values; \(width) are expected"
                    )
                }
                for (index, column) in columns.enumerated() {
                    values.append(try value(records, order[index], column, places[index]))
                }
            }
        }
        let count = rows.lines.count
        guard count > 0 else { throw .malformed(format: "CSV", reason: "no line of values") }
        return SampleSet(count: count, sampleShape: [columns.count], values: .floats(values))
            .with(rows)
    }

    private func hasHeader(
        _ first: CSVRecords, _ header: CSVHeader
    ) throws(SampleError) -> Bool {
        switch header {
        case .present: return true
        case .absent: return false
        case .automatic:
            let names = first.cells.map(first.text)
            if areNamed {
                guard let missing = columns.first(where: { !names.contains($0.name!) }) else {
                    return true
                }
                throw .notANumber(
                    line: first.recordLine, column: 1, text: names[0],
                    reason:
                        "begins a line that doesn't name the model's column '\(missing.name!.printable(limit: 40))'",
                    mayBeHeader: true)
            }
            let kinds = first.cells.map(first.kind)
            let isText = columns.contains { if case .text = $0.kind { true } else { false } }
            if isText {
                throw .ambiguousHeader(
                    line: first.recordLine, text: names.joined(separator: ","))
            }
            // Numbers, or none where one is missing.
            if kinds.allSatisfy({ $0 == .name }) { return true }
            if let column = kinds.firstIndex(of: .name) {
                throw .notANumber(
                    line: first.recordLine, column: column + 1, text: names[column],
                    reason: "is no number", mayBeHeader: true)
            }
            return false
        }
    }

    /// Where each column stands, by the header.
    private func order(of header: CSVRecords) throws(SampleError) -> [Int] {
        let names = header.cells.map(header.text)
        var order: [Int] = []
        for column in columns {
            let found = names.indices.filter { names[$0] == column.name }
            guard found.count == 1 else {
                throw .malformed(
                    format: "CSV",
                    reason:
                        "the header names the model's column '\(column.name!.printable(limit: 40))' \(found.isEmpty ? "nowhere" : "\(found.count) times")"
                )
            }
            order.append(found[0])
        }
        return order
    }

    private func value(
        _ records: CSVRecords, _ index: Int, _ column: SampleColumn, _ places: [String: Float]
    ) throws(SampleError) -> Float {
        let cell = records.cells[index]
        let text = records.text(cell)
        func fail(_ reason: String) -> SampleError {
            .notANumber(
                line: records.recordLine, column: records.column(index), text: text,
                reason: reason,
                mayBeHeader: false)
        }
        if case .text = column.kind { return places[text] ?? -1 }
        switch records.kind(cell) {
        case .number(let value, .absent):
            guard
                column.kind == .number || value.rounded() == value && abs(value) < 0x1p24
            else { throw fail("is no whole number below 2^24, which the model takes here") }
            return value
        case .number:
            throw fail("has a comma: use a dot for decimals and nothing between thousands")
        case .other where CSVCell.isMissing(text): return .nan
        case let other: throw fail(other.reason ?? "is no number")
        }
    }
}
