// SPDX-License-Identifier: Apache-2.0

import Files

/// Reads labels: whole numbers from 0 up, or the names of a model's classes.
struct ClassLabels {
    /// Names of the classes, in their order; empty where they are not known.
    let names: [String]
    private let indices: [String: Int]

    init(names: [String]) {
        self.names = names
        indices = Dictionary(
            names.enumerated().map { ($1, $0) }, uniquingKeysWith: { first, _ in first })
    }

    // MARK: Numbers

    /// Indices of labels that are numbers: names where all of them are names, indices where none needs to be one.
    func indices(of set: SampleSet) throws(SampleError) -> [Int] {
        guard set.sampleCount == 1 else {
            throw .notLabels("\(set.sampleCount) values a sample; one is read")
        }
        var numbers: [Int] = []
        numbers.reserveCapacity(set.count)
        for index in 0..<set.count {
            let value = set.sample(at: index)[0]
            // Whole numbers are exact in Float up to 2^24.
            guard abs(value) < 0x1p24, value == value.rounded(), value >= 0 || isName(value) else {
                throw .notLabels("entry \(index) is \(value)")
            }
            numbers.append(Int(value))
        }
        // "0", "1", ... are both.
        let plain = names.indices.allSatisfy { names[$0] == "\($0)" }
        guard !plain else { return numbers }
        let named = numbers.map { indices["\($0)"] }
        guard let unnamed = named.firstIndex(of: nil) else { return named.map { $0! } }
        guard let other = numbers.first(where: { !names.indices.contains($0) }) else {
            return numbers
        }
        throw .notLabels(
            "entry \(unnamed) is \(numbers[unnamed]), which names no class, and \(other) is no index of one; the "
                + "classes are \(list)")
    }

    private func isName(_ value: Float) -> Bool { indices["\(Int(value))"] != nil }

    private var list: String {
        names.prefix(10).map { $0.printable(limit: 40) }.joined(separator: ", ")
            + (names.count > 10 ? " and \(names.count - 10) more" : "")
    }

    // MARK: Text

    /// Indices of the labels of a CSV file.
    func indices(
        ofCSV bytes: [UInt8], header: CSVHeader, expectedCount: Int?
    ) throws(SampleError) -> [Int] {
        var records = CSVRecords(bytes, takesBlanks: false)
        var cells: [(line: Int, text: String, kind: CSVCell)] = []
        while try records.next() {
            let count = records.cells.count
            guard count == 1 || (count == 2 && records.cells[1].range.isEmpty) else {
                throw .notLabels("\(count) values in line \(records.recordLine); one is read")
            }
            if let line = records.blankLine { throw .notLabels("line \(line) is empty") }
            cells.append(
                (records.recordLine, records.text(records.cells[0]), records.kind(records.cells[0]))
            )
        }
        let areNumbers = cells.dropFirst(cells.count > 1 ? 1 : 0).allSatisfy {
            if case .number = $0.kind { true } else { false }
        }
        if areNumbers {
            // One number is an index or the header of a column without a name: only its count tells.
            let count = expectedCount ?? (header == .automatic ? cells.count : nil)
            return try indices(
                of: CSVFormat.parse(
                    bytes, as: SampleReading(header: header, expectedCount: count)))
        }
        var labels = cells[...]
        switch header {
        case .absent: break
        case .present: labels = labels.dropFirst()
        case .automatic:
            // A name of no class, and none is missing without it.
            let isHeader =
                indices[cells[0].text] == nil && cells[0].kind == .name
                && expectedCount.map { cells.count > $0 } ?? true
            if isHeader { labels = labels.dropFirst() }
        }
        var result: [Int] = []
        for label in labels {
            guard let index = indices[label.text] else {
                let text = label.text.printable(limit: 40)
                throw .notLabels(
                    names.isEmpty
                        ? "line \(label.line) is '\(text)'; where the classes' names are not known, labels are their "
                            + "indices 0, 1, ..."
                        : "line \(label.line) is '\(text)', which names no class; the classes are \(list)"
                )
            }
            result.append(index)
        }
        return result
    }
}
