// SPDX-License-Identifier: Apache-2.0

/// The polynomial with the least greatest error on the grid of a sampled activation, by Remez's exchange of all points
/// (Trefethen, Approximation Theory and Approximation Practice, chapter 10). On a grid, not on the whole range: there
/// it is exact, ends after finitely many exchanges, and a function needs neither derivatives nor to be continuous.
struct RemezExchange {
    let samples: SampledActivation
    let degree: Int

    static let maximumExchanges = 60

    /// The best series found; the Chebyshev series where the exchange can't do better.
    func solve() -> ChebyshevSeries {
        let intervals = SampledActivation.intervals
        var best = ChebyshevSeries(of: samples, degree: degree)
        var bestError = errors(of: best).reduce(0) { max($0, abs($1)) }
        let size = samples.gridValues.reduce(0) { max($0, abs($1)) }
        guard bestError > 1e-14 * size, degree + 2 <= intervals / 8 else { return best }

        var reference = (0...degree + 1).map { intervals * $0 / (degree + 1) }
        // Each exchange raises the level; when it doesn't any more, what is left is rounding.
        var level = -1.0
        for _ in 0..<Self.maximumExchanges {
            guard let (series, leveled) = equalErrors(at: reference) else { break }
            let differences = errors(of: series)
            let greatest = differences.reduce(0) { max($0, abs($1)) }
            if greatest < bestError { (best, bestError) = (series, greatest) }
            guard greatest > leveled * (1 + 1e-12), leveled > level else { break }
            level = leveled
            guard let next = exchanged(differences) else { break }
            reference = next
        }
        return best
    }

    private func errors(of series: ChebyshevSeries) -> [Double] {
        zip(samples.grid, samples.gridValues).map { $1 - series($0) }
    }

    /// The series whose errors at the reference are equal with alternating signs, and their size.
    private func equalErrors(at reference: [Int]) -> (ChebyshevSeries, Double)? {
        let rows = reference.enumerated().map { position, index in
            ChebyshevSeries.values(samples.grid[index], degree: degree)
                + [position.isMultiple(of: 2) ? 1 : -1, samples.gridValues[index]]
        }
        guard let solution = Self.solve(rows) else { return nil }
        return (ChebyshevSeries(Array(solution.dropLast())), abs(solution[degree + 1]))
    }

    /// As many extrema of alternating signs as the reference has, the greatest among them.
    private func exchanged(_ differences: [Double]) -> [Int]? {
        var extrema: [Int] = []
        for (index, difference) in differences.enumerated() where difference != 0 {
            if let last = extrema.last, (differences[last] > 0) == (difference > 0) {
                if abs(difference) > abs(differences[last]) { extrema[extrema.count - 1] = index }
            } else {
                extrema.append(index)
            }
        }
        func size(_ position: Int) -> Double { abs(differences[extrema[position]]) }
        while extrema.count > degree + 2 {
            let last = extrema.count - 1
            let least = extrema.indices.min { size($0) < size($1) }!
            if extrema.count == degree + 3 || least == 0 || least == last {
                extrema.remove(at: size(0) < size(last) ? 0 : last)
            } else {
                // With a neighbour, so that the signs still alternate.
                let neighbour = size(least - 1) < size(least + 1) ? least - 1 : least
                extrema.removeSubrange(neighbour...neighbour + 1)
            }
        }
        return extrema.count == degree + 2 ? extrema : nil
    }

    /// Gaussian elimination with partial pivoting of rows that end in the right side.
    private static func solve(_ system: [[Double]]) -> [Double]? {
        var rows = system
        let count = rows.count
        for column in 0..<count {
            let pivot = (column..<count).max { abs(rows[$0][column]) < abs(rows[$1][column]) }!
            guard abs(rows[pivot][column]) > 1e-300 else { return nil }
            rows.swapAt(column, pivot)
            for row in column + 1..<count {
                let factor = rows[row][column] / rows[column][column]
                for index in column...count { rows[row][index] -= factor * rows[column][index] }
            }
        }
        var solution = [Double](repeating: 0, count: count)
        for row in (0..<count).reversed() {
            let known = (row + 1..<count).reduce(0) { $0 + rows[row][$1] * solution[$1] }
            solution[row] = (rows[row][count] - known) / rows[row][row]
        }
        return solution.allSatisfy(\.isFinite) ? solution : nil
    }
}
