// SPDX-License-Identifier: Apache-2.0

/// What is known of the rows of a CSV file beside their values.
struct CSVRows {
    private(set) var lines: [Int] = []
    private(set) var identifiers: [String] = []
    private(set) var faults: [Int: SampleError] = [:]
    private let keepsFaults: Bool

    init(keepsFaults: Bool) {
        self.keepsFaults = keepsFaults
    }

    /// Appends the values of the record that was read last.
    /// - Parameters:
    ///   - columns: values of a row; NaN where it can't be read and is kept all the same.
    ///   - read: gives them.
    mutating func append(
        _ records: CSVRecords, to values: inout [Float], columns: Int,
        _ read: (inout [Float]) throws(SampleError) -> Void
    ) throws(SampleError) {
        let start = values.count
        do {
            try read(&values)
        } catch {
            guard keepsFaults else { throw error }
            values.removeSubrange(start...)
            values += [Float](repeating: .nan, count: columns)
            faults[lines.count] = error
        }
        lines.append(records.recordLine)
        if records.identifierColumn != nil {
            identifiers.append(records.identifier.map(records.text) ?? "")
        }
    }

    mutating func removeFirst() {
        lines.removeFirst()
        if !identifiers.isEmpty { identifiers.removeFirst() }
        faults = Dictionary(
            uniqueKeysWithValues: faults.filter { $0.key > 0 }.map { ($0.key - 1, $0.value) })
    }
}
