// SPDX-License-Identifier: Apache-2.0

import CKernels
import Ring

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Multiples of t that are added to a matrix's weights, drawn anew for each use: a weight w becomes w - t or w + t, the
/// one of the other sign, with probability |w| / t, so that its mean is zero. docs/FunctionPrivacy.md
///
/// Few are drawn: `mostDrawn` places a row are kept whether they are used or not, so that time tells nothing.
package struct ScalarDither: Sendable {
    /// What was drawn for one use: of each row, `perRow` columns and what t is multiplied by, -1, 0 or 1.
    package struct Draw: Sendable {
        let perRow: Int
        package let columns: [UInt32]
        package let signs: [Int64]
    }

    private let rowStarts: [Int]
    private let columns: [UInt32]
    /// |w| / t in 2^-63, with the sign of w.
    private let thresholds: [Int64]
    private let mostDrawn: Int
    let t: UInt64

    /// - Parameters:
    ///   - rowStarts: entries of row r are those from `rowStarts[r]` up to `rowStarts[r + 1]`.
    ///   - weights: below t in magnitude.
    ///   - mostDrawn: see `mostDrawn(mean:)`.
    package init(
        rowStarts: [Int], columnIndices: [Int], weights: [Int64], modulus t: UInt64, mostDrawn: Int
    ) {
        self.rowStarts = rowStarts
        columns = columnIndices.map { UInt32($0) }
        thresholds = weights.map { weight in
            precondition(weight.magnitude < t)
            let quotient = Int64(
                t.dividingFullWidth((weight.magnitude >> 1, weight.magnitude << 63)).quotient)
            return weight < 0 ? -quotient : quotient
        }
        self.mostDrawn = mostDrawn
        self.t = t
    }

    /// How many of a row are drawn at most, with probability 1 - 2^-148, where `mean` are on average: independent draws
    /// reach h with probability at most (e mean / h)^h (Chernoff).
    package static func mostDrawn(mean: Double) -> Int {
        var h = max(1, Int(mean.rounded(.up)))
        while Double(h) * (log2(M_E * mean) - log2(Double(h))) > -148 { h += 1 }
        return h
    }

    /// Draws for one use. No branch depends on what is drawn.
    package func draw() -> Draw {
        let rows = rowStarts.count - 1
        var columns = [UInt32](repeating: 0, count: rows * mostDrawn)
        var signs = [Int64](repeating: 0, count: rows * mostDrawn)
        guard !thresholds.isEmpty else {
            return Draw(perRow: mostDrawn, columns: columns, signs: signs)
        }
        var source = Keystream()
        let all = SecretCoefficients(count: thresholds.count)
        thresholds.withUnsafeBufferPointer { thresholds in
            source.forEachRun(of: thresholds.count) {
                bsk_draw_signs(all.base + $1, $0, thresholds.baseAddress! + $1, $2)
            }
        }
        withExtendedLifetime(all) {
            for row in 0..<rows {
                let first = row * mostDrawn
                var count = 0
                for entry in rowStarts[row]..<rowStarts[row + 1] {
                    // Written always, kept where it isn't zero.
                    let sign = all.base[entry]
                    columns[first + count] = self.columns[entry]
                    signs[first + count] = sign
                    count = min(count + Int(sign & 1), mostDrawn - 1)
                }
            }
        }
        return Draw(perRow: mostDrawn, columns: columns, signs: signs)
    }
}

extension ScalarDither.Draw {
    /// out += t times what was drawn, modulo one prime, on a tile.
    ///
    /// - Parameter scratch: as many words as `out`.
    func add(
        _ m: UnsafePointer<bsk_modulus>, _ x: UnsafePointer<UInt64>,
        to out: UnsafeMutablePointer<UInt64>, times factor: UInt64,
        scratch: UnsafeMutablePointer<UInt64>
    ) {
        let tile = Int(BSK_TILE)
        let rows = signs.count / max(perRow, 1)
        scratch.withMemoryRebound(to: Int64.self, capacity: rows * tile) { sums in
            for row in 0..<rows {
                let sum = sums + row * tile
                sum.update(repeating: 0, count: tile)
                for place in row * perRow..<(row + 1) * perRow {
                    bsk_add_signed(sum, x + Int(columns[place]) * tile, signs[place], tile)
                }
            }
            bsk_reduce_signed(m, scratch, sums, rows * tile)
        }
        bsk_mul_scalar(m, scratch, scratch, factor % m.pointee.q, rows * tile)
        bsk_add(m, out, out, scratch, rows * tile)
    }
}
