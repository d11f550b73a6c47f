// SPDX-License-Identifier: Apache-2.0

import BigIntegers

/// Rows of an affine map that are maxima of two elements of a value: a + max(b - a, 0), of which the last is a table.
/// Intervals of the sum alone would be those of a plus those of b.
package enum Maxima {
    package struct Row {
        package let row: Int
        /// The value that both are of, as an operation names its sources.
        package let value: Int
        package let elements: [Int]
    }

    /// A table's operation that reads differences, and what its run of each element says.
    private struct Differences {
        let value: Int
        let matrix: SparseIntegerMatrix
        let tables: LookupTables
        let isPositivePart: [Bool]

        /// - Parameter result: as an operation names its sources.
        init?(_ result: Int, in operations: [IntegerNetwork.Operation]) {
            guard result > 0, case .table(let tables) = operations[result - 1].layer else {
                return nil
            }
            let source = operations[result - 1].sources[0]
            guard source > 0, case .affine(let affine) = operations[source - 1].layer,
                operations[source - 1].sources.count == 1, affine.bias.allSatisfy({ $0 == 0 })
            else { return nil }
            value = operations[source - 1].sources[0]
            matrix = affine.matrix
            self.tables = tables
            isPositivePart = tables.runs.map { run in
                run.values.enumerated().allSatisfy { max(run.lower + Int64($0), 0) == $1 }
            }
        }

        /// The b of an element that is max(b - a, 0).
        func other(of element: Int, than a: Int) -> Int? {
            guard isPositivePart[tables.choices[element]] else { return nil }
            let entries = matrix.row(element)
            guard entries.count == 2,
                entries.contains(where: { $0.column == a && $0.weight == -1 })
            else { return nil }
            return entries.first { $0.column != a && $0.weight == 1 }?.column
        }
    }

    /// - Parameter index: of an operation.
    package static func rows(_ index: Int, of operations: [IntegerNetwork.Operation]) -> [Row] {
        let operation = operations[index]
        guard case .affine(let affine) = operation.layer, operation.sources.count == 2 else {
            return []
        }
        for (first, second) in [(0, 1), (1, 0)] {
            let value = operation.sources[first]
            guard let differences = Differences(operation.sources[second], in: operations),
                differences.value == value
            else { continue }
            let columns = affine.matrix.columns
            let tables = differences.tables.count
            // Columns of the differences come first or last.
            let elements = first == 0 ? 0..<columns - tables : tables..<columns
            let places = first == 0 ? columns - tables..<columns : 0..<tables
            return (0..<affine.matrix.rows).compactMap { row in
                let entries = affine.matrix.row(row)
                guard affine.bias[row] == 0, entries.count == 2,
                    entries.allSatisfy({ $0.weight == 1 }),
                    let a = entries.map(\.column).first(where: elements.contains),
                    let place = entries.map(\.column).first(where: places.contains),
                    let b = differences.other(
                        of: place - places.lowerBound, than: a - elements.lowerBound)
                else { return nil }
                return Row(row: row, value: value, elements: [a - elements.lowerBound, b])
            }
        }
        return []
    }
}

extension IntervalPropagation {
    /// Ranges of what an operation puts out: of its sources by interval arithmetic, of maxima by what they are.
    /// - Parameter values: the input's ranges, then those of each operation before it.
    static func apply(
        _ index: Int, of operations: [IntegerNetwork.Operation],
        to values: [[ClosedRange<BigInt>]]
    ) -> [ClosedRange<BigInt>] {
        let operation = operations[index]
        var ranges = apply(operation.layer, to: operation.sources.flatMap { values[$0] })
        for row in Maxima.rows(index, of: operations) {
            let sources = row.elements.map { values[row.value][$0] }
            ranges[row.row] =
                sources.map(\.lowerBound).max()!...sources.map(\.upperBound).max()!
        }
        return ranges
    }
}
