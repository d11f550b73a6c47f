// SPDX-License-Identifier: Apache-2.0

/// Lenstra, Lenstra and Lovász (1982), delta 0.99, with orthogonal vectors in Double: for the small lattices of attacks.
package enum LatticeReduction {
    /// - Parameter basis: rows, linearly independent; entries below 2^40.
    package static func reduced(_ basis: [[Int]]) -> [[Int]] {
        var rows = basis
        var (stars, factors) = orthogonal(rows)
        var k = 1
        while k < rows.count {
            for j in stride(from: k - 1, through: 0, by: -1) {
                let times = Int(factors[k][j].rounded())
                guard times != 0 else { continue }
                for c in rows[k].indices { rows[k][c] -= times * rows[j][c] }
                (stars, factors) = orthogonal(rows)
            }
            let (last, this) = (square(stars[k - 1]), square(stars[k]))
            let factor = factors[k][k - 1]
            if this >= (0.99 - factor * factor) * last {
                k += 1
            } else {
                rows.swapAt(k, k - 1)
                (stars, factors) = orthogonal(rows)
                k = max(k - 1, 1)
            }
        }
        return rows
    }

    private static func orthogonal(_ rows: [[Int]]) -> (stars: [[Double]], factors: [[Double]]) {
        var stars: [[Double]] = []
        var factors: [[Double]] = []
        for row in rows {
            let row = row.map(Double.init)
            var star = row
            var own: [Double] = []
            for other in stars {
                let factor = product(row, other) / square(other)
                own.append(factor)
                for c in star.indices { star[c] -= factor * other[c] }
            }
            stars.append(star)
            factors.append(own)
        }
        return (stars, factors)
    }

    private static func product(_ a: [Double], _ b: [Double]) -> Double {
        zip(a, b).reduce(0) { $0 + $1.0 * $1.1 }
    }

    private static func square(_ a: [Double]) -> Double { product(a, a) }
}
