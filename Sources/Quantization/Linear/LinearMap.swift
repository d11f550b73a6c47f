// SPDX-License-Identifier: Apache-2.0

/// A linear map of one tensor: what an affine map does with one of its sources.
package enum LinearMap: Sendable, Equatable {
    case identity(Int)
    case matrix(RealMatrix)
    case convolution(RealConvolution)

    /// Most entries of a matrix that maps are composed into.
    static let composedEntries = 1 << 22
    /// Most entries of any matrix.
    static let maximumEntries = 1 << 24

    package var rows: Int {
        switch self {
        case .identity(let count): count
        case .matrix(let matrix): matrix.rows
        case .convolution(let convolution): convolution.output.count
        }
    }

    package var columns: Int {
        switch self {
        case .identity(let count): count
        case .matrix(let matrix): matrix.columns
        case .convolution(let convolution): convolution.input.count
        }
    }

    /// Multiplications of one application; a convolution's padding is not taken off.
    package var entriesCount: Int {
        switch self {
        case .identity(let count): count
        case .matrix(let matrix): matrix.entriesCount
        case .convolution(let convolution): convolution.entriesCount
        }
    }

    package var isDiagonal: Bool {
        switch self {
        case .identity: true
        case .matrix(let matrix): matrix.isDiagonal
        case .convolution: false
        }
    }

    /// Factors of a diagonal map.
    package var diagonal: [Double]? {
        switch self {
        case .identity(let count): return [Double](repeating: 1, count: count)
        case .convolution: return nil
        case .matrix(let matrix):
            guard matrix.isDiagonal else { return nil }
            return (0..<matrix.rows).map { row in
                let range = matrix.entries(ofRow: row)
                return range.isEmpty ? 0 : matrix.weights[range.lowerBound]
            }
        }
    }

    /// nil where the matrix of a convolution would be too large.
    package var matrix: RealMatrix? { matrix(limit: Self.maximumEntries) }

    private func matrix(limit: Int) -> RealMatrix? {
        switch self {
        case .identity(let count): return .identity(count)
        case .matrix(let matrix): return matrix
        case .convolution(let convolution):
            return convolution.entriesCount <= limit ? convolution.matrix() : nil
        }
    }

    /// Numbers that it holds.
    var storedCount: Int {
        switch self {
        case .identity: 0
        case .matrix(let matrix): matrix.rows + matrix.entriesCount
        case .convolution(let convolution): convolution.weights.count
        }
    }

    /// diag(rows) W diag(columns), factors one an element, none where empty; nil where a convolution must become a
    /// matrix of more entries than the limit.
    package func scaled(
        rows: [Double] = [], columns: [Double] = [], limit: Int = maximumEntries
    ) -> LinearMap? {
        if rows.isEmpty, columns.isEmpty { return self }
        switch self {
        case .identity:
            if rows.isEmpty { return .matrix(.diagonal(columns)) }
            if columns.isEmpty { return .matrix(.diagonal(rows)) }
            return .matrix(.diagonal(zip(rows, columns).map { $0 * $1 }))
        case .matrix(let matrix): return .matrix(matrix.scaled(rows: rows, columns: columns))
        case .convolution(let convolution):
            if let scaled = convolution.scaled(rows: rows, columns: columns) {
                return .convolution(scaled)
            }
            return matrix(limit: limit).map { .matrix($0.scaled(rows: rows, columns: columns)) }
        }
    }

    /// self after inner, if that has no more entries than the limit or than `composedEntries`, and takes no more
    /// multiplications than `room`, which those done are taken off.
    package func composed(
        with inner: LinearMap, limit: Int = composedEntries, room: inout Int
    ) -> LinearMap? {
        if case .identity = self { return inner }
        if case .identity = inner { return self }
        let most = Self.composedEntries
        if let factors = diagonal, let scaled = inner.scaled(rows: factors, limit: most) {
            return scaled
        }
        if let factors = inner.diagonal, let scaled = self.scaled(columns: factors, limit: most) {
            return scaled
        }
        guard entriesCount <= most, inner.entriesCount <= most, entriesCount <= room,
            inner.entriesCount <= room, let matrix, let other = inner.matrix
        else { return nil }
        return matrix.multiplied(by: other, limit: min(limit, most), room: &room)
            .map { .matrix($0) }
    }

    /// Both applied to one tensor, summed; nil where that would be too large.
    package func adding(_ other: LinearMap) -> LinearMap? {
        guard let matrix, let second = other.matrix,
            matrix.entriesCount + second.entriesCount <= Self.maximumEntries
        else { return nil }
        return .matrix(matrix + second)
    }

    /// The product with a vector.
    package func applied(to vector: [Double]) -> [Double] {
        switch self {
        case .identity: return vector
        case _ where vector.allSatisfy { $0 == 0 }: return [Double](repeating: 0, count: rows)
        case .matrix(let matrix): return matrix.applied(to: vector)
        case .convolution(let convolution):
            let indices = convolution.gatherIndices()
            let (taps, positions) = (convolution.tapsCount, convolution.positionsCount)
            return (0..<convolution.output.count).map { row in
                let (map, position) = row.quotientAndRemainder(dividingBy: positions)
                return (0..<taps).reduce(0) { sum, tap in
                    let column = indices[tap * positions + position]
                    return column < 0
                        ? sum : sum + convolution.weights[map * taps + tap] * vector[Int(column)]
                }
            }
        }
    }

    /// Calls with row and weight, once for each different weight of a row or a convolution's map (its first row).
    package func forEachWeight(_ body: (_ row: Int, _ weight: Double) -> Void) {
        switch self {
        case .identity(let count): for row in 0..<count { body(row, 1) }
        case .matrix(let matrix):
            for row in 0..<matrix.rows {
                for entry in matrix.entries(ofRow: row) { body(row, matrix.weights[entry]) }
            }
        case .convolution(let convolution):
            let (taps, positions) = (convolution.tapsCount, convolution.positionsCount)
            for index in convolution.weights.indices {
                body(index / taps * positions, convolution.weights[index])
            }
        }
    }

    /// Row i times factor i; as it is where none are given. Rows of one channel of a convolution have one factor.
    func scaled(rows factors: [Double]) -> LinearMap {
        factors.isEmpty ? self : mapped { $1 * factors[$0] }
    }

    /// Each weight made anew from its row (a convolution's: the first row of its map) and itself.
    package func mapped(_ transform: (_ row: Int, _ weight: Double) -> Double) -> LinearMap {
        switch self {
        case .identity(let count): return LinearMap.matrix(.identity(count)).mapped(transform)
        case .matrix(let matrix): return .matrix(matrix.mapped(transform))
        case .convolution(let convolution):
            let positions = convolution.positionsCount
            return .convolution(convolution.mapped { transform($0 * positions, $1) })
        }
    }
}
