// SPDX-License-Identifier: Apache-2.0

/// An integer matrix in compressed rows: only non-zero weights, columns ascending or in the layer's tap order.
package struct SparseIntegerMatrix: Sendable, Equatable {
    package let columns: Int
    /// Entries of row r are those from `rowStarts[r]` up to `rowStarts[r + 1]`.
    package private(set) var rowStarts: [Int] = [0]
    package private(set) var columnIndices: [Int] = []
    package private(set) var weights: [Int64] = []

    package init(columns: Int) { self.columns = columns }

    /// Of rows that are consistent with each other.
    init(columns: Int, rowStarts: [Int], columnIndices: [Int], weights: [Int64]) {
        self.columns = columns
        self.rowStarts = rowStarts
        self.columnIndices = columnIndices
        self.weights = weights
    }

    /// Whether row i has an entry in column i only, or none.
    package var isDiagonal: Bool {
        rows == columns
            && (0..<rows).allSatisfy { row in
                entries(ofRow: row).allSatisfy { columnIndices[$0] == row }
            }
    }

    package var rows: Int { rowStarts.count - 1 }

    /// Number of non-zero weights.
    package var entriesCount: Int { weights.count }

    /// The non-zero weights of a row and their columns.
    package func row(_ index: Int) -> [(column: Int, weight: Int64)] {
        (rowStarts[index]..<rowStarts[index + 1]).map { (columnIndices[$0], weights[$0]) }
    }

    package func entries(ofRow index: Int) -> Range<Int> {
        rowStarts[index]..<rowStarts[index + 1]
    }

    /// Some of the rows.
    package func rows(_ rows: Range<Int>) -> SparseIntegerMatrix {
        let first = rowStarts[rows.lowerBound]
        let entries = first..<rowStarts[rows.upperBound]
        return SparseIntegerMatrix(
            columns: columns,
            rowStarts: rowStarts[rows.lowerBound...rows.upperBound].map { $0 - first },
            columnIndices: Array(columnIndices[entries]), weights: Array(weights[entries]))
    }

    package mutating func append(column: Int, weight: Int64) {
        precondition(column >= 0 && column < columns)
        columnIndices.append(column)
        weights.append(weight)
    }

    package mutating func endRow() { rowStarts.append(weights.count) }
}
