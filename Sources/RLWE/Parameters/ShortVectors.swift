/// Lattice reduction in a few dimensions (Lenstra, Lenstra and Lovasz, 1982), for public lattices only. Vectors stay
/// exact; projections are floating point, so that how short the result is has no proof, and needs none: what is
/// used is measured.
enum ShortVectors {
    /// Reduces a basis in place, delta = 0.99.
    static func reduce(_ rows: inout [[Int64]]) {
        let n = rows.count
        var k = 1
        var projections = Projections(rows)
        var steps = 0
        while k < n, steps < 20_000 {
            steps += 1
            for j in stride(from: k - 1, through: 0, by: -1) {
                let factor = projections.mu[k][j].rounded()
                guard factor != 0, abs(factor) < 0x1p62 else { continue }
                let whole = Int64(factor)
                for i in rows[k].indices { rows[k][i] &-= whole &* rows[j][i] }
                projections.update(rows, from: k)
            }
            let mu = projections.mu[k][k - 1]
            if projections.squared[k] >= (0.99 - mu * mu) * projections.squared[k - 1] {
                k += 1
            } else {
                rows.swapAt(k, k - 1)
                projections.update(rows, from: k - 1)
                k = max(k - 1, 1)
            }
        }
    }

    /// The Gram-Schmidt orthogonalization.
    private struct Projections {
        var mu: [[Double]]
        var squared: [Double]
        private var orthogonal: [[Double]]

        init(_ rows: [[Int64]]) {
            let n = rows.count
            mu = Array(repeating: Array(repeating: 0, count: n), count: n)
            squared = Array(repeating: 0, count: n)
            orthogonal = Array(repeating: [], count: n)
            update(rows, from: 0)
        }

        mutating func update(_ rows: [[Int64]], from first: Int) {
            for i in first..<rows.count {
                let row = rows[i].map(Double.init)
                var rest = row
                for j in 0..<i {
                    mu[i][j] = Self.dot(row, orthogonal[j]) / squared[j]
                    for c in rest.indices { rest[c] -= mu[i][j] * orthogonal[j][c] }
                }
                orthogonal[i] = rest
                squared[i] = Self.dot(rest, rest)
            }
        }

        private static func dot(_ a: [Double], _ b: [Double]) -> Double {
            var sum = 0.0
            for i in a.indices { sum += a[i] * b[i] }
            return sum
        }
    }
}
