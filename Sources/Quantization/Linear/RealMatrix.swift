// SPDX-License-Identifier: Apache-2.0

/// A real matrix in compressed rows, columns ascending.
package struct RealMatrix: Sendable, Equatable {
    package let columns: Int
    /// Entries of row r are those from `rowStarts[r]` up to `rowStarts[r + 1]`.
    package private(set) var rowStarts: [Int] = [0]
    package private(set) var columnIndices: [Int32] = []
    package private(set) var weights: [Double] = []

    package init(columns: Int) { self.columns = columns }

    package init(rowStarts: [Int], columnIndices: [Int32], weights: [Double], columns: Int) {
        self.columns = columns
        self.rowStarts = rowStarts
        self.columnIndices = columnIndices
        self.weights = weights
    }

    package var rows: Int { rowStarts.count - 1 }
    package var entriesCount: Int { weights.count }

    package func entries(ofRow row: Int) -> Range<Int> { rowStarts[row]..<rowStarts[row + 1] }

    package mutating func append(column: Int, weight: Double) {
        columnIndices.append(Int32(truncatingIfNeeded: column))
        weights.append(weight)
    }

    package mutating func endRow() { rowStarts.append(weights.count) }

    /// Entries of the next row in any order of columns; those of one column are summed, zeros left out.
    package mutating func appendRow(_ entries: [(column: Int, weight: Double)]) {
        if zip(entries, entries.dropFirst()).allSatisfy({ $0.column < $1.column }) {
            for (column, weight) in entries where weight != 0 {
                append(column: column, weight: weight)
            }
            endRow()
            return
        }
        var last = -1
        for (column, weight) in entries.sorted(by: { $0.column < $1.column }) {
            if column == last {
                weights[weights.count - 1] += weight
            } else if weight != 0 {
                append(column: column, weight: weight)
                last = column
            }
        }
        endRow()
    }

    package static func identity(_ count: Int) -> RealMatrix {
        diagonal([Double](repeating: 1, count: count))
    }

    package static func diagonal(_ factors: [Double]) -> RealMatrix {
        RealMatrix(
            rowStarts: Array(0...factors.count), columnIndices: factors.indices.map { Int32($0) },
            weights: factors, columns: factors.count)
    }

    /// Whether all of these rows have entries in the same columns.
    func hasEqualColumns(_ rows: Range<Int>) -> Bool {
        let first = columnIndices[entries(ofRow: rows.lowerBound)]
        return rows.dropFirst().allSatisfy {
            columnIndices[entries(ofRow: $0)].elementsEqual(first)
        }
    }

    /// Whether it is square with entries on the diagonal only.
    package var isDiagonal: Bool {
        guard rows == columns else { return false }
        for row in 0..<rows {
            let range = entries(ofRow: row)
            if range.count > 1 || (range.count == 1 && columnIndices[range.lowerBound] != row) {
                return false
            }
        }
        return true
    }

    /// Row r times `rowFactors[r]`, column c times `columnFactors[c]`; empty lists leave all as it is.
    package func scaled(rows rowFactors: [Double], columns columnFactors: [Double]) -> RealMatrix {
        var result = self
        for row in 0..<rows {
            let factor = rowFactors.isEmpty ? 1 : rowFactors[row]
            for entry in entries(ofRow: row) {
                let other = columnFactors.isEmpty ? 1 : columnFactors[Int(columnIndices[entry])]
                result.weights[entry] *= factor * other
            }
        }
        return result
    }

    /// Each entry made anew from its row and weight; zeros are left out.
    package func mapped(_ transform: (_ row: Int, _ weight: Double) -> Double) -> RealMatrix {
        var result = RealMatrix(columns: columns)
        result.columnIndices.reserveCapacity(entriesCount)
        result.weights.reserveCapacity(entriesCount)
        for row in 0..<rows {
            for entry in entries(ofRow: row) {
                let weight = transform(row, weights[entry])
                if weight != 0 {
                    result.columnIndices.append(columnIndices[entry])
                    result.weights.append(weight)
                }
            }
            result.endRow()
        }
        return result
    }

    /// self times inner; nil where that has more entries than the limit, or would take more multiplications than
    /// `room`, which those done are taken off.
    package func multiplied(by inner: RealMatrix, limit: Int, room: inout Int) -> RealMatrix? {
        var products = 0
        for column in columnIndices { products += inner.entries(ofRow: Int(column)).count }
        guard products <= min(room, 1 << 28) else { return nil }
        room -= products
        var result = RealMatrix(columns: inner.columns)
        var sums = [Double](repeating: 0, count: inner.columns)
        var isTouched = [Bool](repeating: false, count: inner.columns)
        var touched: [Int32] = []
        for row in 0..<rows {
            touched.removeAll(keepingCapacity: true)
            for entry in entries(ofRow: row) {
                let weight = weights[entry]
                for other in inner.entries(ofRow: Int(columnIndices[entry])) {
                    let column = inner.columnIndices[other]
                    sums[Int(column)] += weight * inner.weights[other]
                    if !isTouched[Int(column)] {
                        isTouched[Int(column)] = true
                        touched.append(column)
                    }
                }
            }
            touched.sort()
            for column in touched {
                let sum = sums[Int(column)]
                if sum != 0 { result.append(column: Int(column), weight: sum) }
                sums[Int(column)] = 0
                isTouched[Int(column)] = false
            }
            result.endRow()
            guard result.entriesCount <= limit else { return nil }
        }
        return result
    }

    package static func + (left: RealMatrix, right: RealMatrix) -> RealMatrix {
        var result = RealMatrix(columns: left.columns)
        for row in 0..<left.rows {
            var i = left.rowStarts[row]
            var j = right.rowStarts[row]
            let (ends, others) = (left.rowStarts[row + 1], right.rowStarts[row + 1])
            while i < ends || j < others {
                let a = i < ends ? left.columnIndices[i] : Int32.max
                let b = j < others ? right.columnIndices[j] : Int32.max
                var sum = 0.0
                if a <= b {
                    sum += left.weights[i]
                    i += 1
                }
                if b <= a {
                    sum += right.weights[j]
                    j += 1
                }
                if sum != 0 { result.append(column: Int(min(a, b)), weight: sum) }
            }
            result.endRow()
        }
        return result
    }

    /// The product with a vector.
    package func applied(to vector: [Double]) -> [Double] {
        (0..<rows).map { row in
            entries(ofRow: row).reduce(0) { $0 + weights[$1] * vector[Int(columnIndices[$1])] }
        }
    }
}
