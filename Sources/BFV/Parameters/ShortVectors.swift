// SPDX-License-Identifier: Apache-2.0

/// Lattice reduction in a few dimensions (Lenstra, Lenstra and Lovasz, 1982), for public lattices only. Vectors stay
/// exact; projections are floating point, so that how short the result is has no proof, and needs none: what is
/// used is measured.
enum ShortVectors {
    /// Reduces a basis in place, delta = 0.99.
    static func reduce(_ rows: inout [[Int64]]) {
        let n = rows.count
        var projections = Projections(count: n)
        projections.update(rows, at: 0)
        var k = 1
        var steps = 0
        while k < n, steps < 20_000 {
            steps += 1
            projections.update(rows, at: k)
            for j in stride(from: k - 1, through: 0, by: -1) {
                let factor = projections.mu[k][j].rounded()
                guard factor != 0, abs(factor) < 0x1p62 else { continue }
                let whole = Int64(factor)
                for i in rows[k].indices { rows[k][i] &-= whole &* rows[j][i] }
                projections.update(rows, at: k)
            }
            let mu = projections.mu[k][k - 1]
            if projections.squared[k] >= (0.99 - mu * mu) * projections.squared[k - 1] {
                k += 1
            } else {
                rows.swapAt(k, k - 1)
                projections.update(rows, at: k - 1)
                k = max(k - 1, 1)
            }
        }
    }

    /// Sums and differences of every two vectors.
    static func pairs(_ rows: [[Int64]]) -> [[Int64]] {
        rows.indices.flatMap { i in
            rows[..<i].flatMap { other in
                [zip(rows[i], other).map { $0 &+ $1 }, zip(rows[i], other).map { $0 &- $1 }]
            }
        }
    }

    /// The Gram-Schmidt orthogonalization, row by row: a row's needs those above it.
    private struct Projections {
        var mu: [[Double]]
        var squared: [Double]
        private var orthogonal: [[Double]]

        init(count n: Int) {
            mu = Array(repeating: Array(repeating: 0, count: n), count: n)
            squared = Array(repeating: 0, count: n)
            orthogonal = Array(repeating: [], count: n)
        }

        mutating func update(_ rows: [[Int64]], at i: Int) {
            let row = rows[i].map(Double.init)
            var rest = row
            for j in 0..<i {
                let factor = Self.dot(row, orthogonal[j]) / squared[j]
                mu[i][j] = factor
                for c in rest.indices { rest[c] -= factor * orthogonal[j][c] }
            }
            orthogonal[i] = rest
            squared[i] = Self.dot(rest, rest)
        }

        private static func dot(_ a: [Double], _ b: [Double]) -> Double {
            var sum = 0.0
            for i in a.indices { sum += a[i] * b[i] }
            return sum
        }
    }
}
