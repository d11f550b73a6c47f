// SPDX-License-Identifier: Apache-2.0

import CKernels

/// An integer matrix ready to be applied to tiles of residues, by additions (`bsk_row_sums`) or by dot products of
/// digits (`bsk_gemm_sums`), whichever takes less time.
///
/// For additions: for each block of columns and each row the columns of equal weight, so that zeros cost nothing and a
/// product with w is a share of one multiplication. Sums are exact in 64 bits. Where a row's weights could overflow
/// them, columns are added up in several segments, reduced in between, and wide weights are split into balanced digits:
/// w = sum of d_j 2^(width j).
package struct SmallMatrix: Sendable {
    struct Segment: Sendable {
        let code: [UInt16]
        let firstColumn: Int
        let blocks: Int
        /// Of a tile on the reference machine: entries, and groups of equal weight.
        let nanoseconds: Double
    }

    package let rows: Int
    package let columns: Int
    package let entryCount: Int
    /// Of its weights.
    let largestMagnitude: UInt64
    /// The weight of a matrix of one row and one column.
    let scalar: Int64?
    /// Segments of each digit; none where dot products are faster.
    private let digits: [[Segment]]
    private let width: Int
    private let dotProducts: DotProducts?
    /// Words that `apply` needs besides.
    package let scratchWords: Int

    /// - Parameters:
    ///   - rowStarts: entries of row r are those from `rowStarts[r]` up to `rowStarts[r + 1]`.
    ///   - residueBits: of the largest modulus that residues will have.
    package init(
        columns: Int, rowStarts: [Int], columnIndices: [Int], weights: [Int64], residueBits: Int
    ) {
        precondition((10...50).contains(residueBits))
        self.columns = columns
        rows = rowStarts.count - 1
        entryCount = weights.count
        largestMagnitude = weights.map(\.magnitude).max() ?? 0
        scalar = rows == 1 && columns == 1 ? weights.reduce(0, +) : nil
        // (sum of |w| + 1) 2^bits <= 2^62, the 1 for what is there before.
        let limit = Int64(1) << Int64(62 - residueBits) - 1
        var chosen: (digits: [[Segment]], width: Int)?
        // With 4 bits, 8 times the columns of a block is below the limit of any modulus.
        for width in [15, 12, 10, 8, 6, 4] where chosen == nil {
            let parts = Self.split(weights, width: width)
            let segments = parts.map {
                Self.segments(
                    rowStarts: rowStarts, columnIndices: columnIndices, weights: $0,
                    columns: columns, limit: limit)
            }
            if segments.allSatisfy({ $0 != nil }) { chosen = (segments.map { $0! }, width) }
        }
        guard let chosen else { preconditionFailure("digits of 4 bits overflow") }
        let products = DotProducts(
            columns: columns, rowStarts: rowStarts, columnIndices: columnIndices,
            weights: weights, residueBits: residueBits)
        let additions = chosen.digits.joined().reduce(0.0) { $0 + $1.nanoseconds }
        if let products, products.nanoseconds < additions {
            dotProducts = products
            digits = []
        } else {
            dotProducts = nil
            digits = chosen.digits
        }
        width = chosen.width
        scratchWords = rows * Int(BSK_TILE) + (dotProducts?.digitWords ?? 0)
    }

    /// Whether dot products are faster.
    package var usesDotProducts: Bool { dotProducts != nil }

    /// Balanced digits in [-2^(width - 1), 2^(width - 1)), one list a digit; the top one takes what remains.
    private static func split(_ weights: [Int64], width: Int) -> [[Int64]] {
        let half = Int64(1) << Int64(width - 1)
        var rest = weights
        var out: [[Int64]] = []
        repeat {
            if rest.allSatisfy({ -half <= $0 && $0 < half }) {
                out.append(rest)
                break
            }
            let low = rest.map { (($0 &+ half) & (2 * half - 1)) - half }
            out.append(low)
            // (w - low) / 2^width, without leaving 64 bits.
            rest = zip(rest, low).map { ($0 >> Int64(width)) + ($1 < 0 ? 1 : 0) }
        } while true
        return out
    }

    /// nil where a row's weights in one block of columns exceed `limit`.
    private static func segments(
        rowStarts: [Int], columnIndices: [Int], weights: [Int64], columns: Int, limit: Int64
    ) -> [Segment]? {
        let size = Int(BSK_TILE_FEATURES)
        let rows = rowStarts.count - 1
        let blockCount = max(1, (columns + size - 1) / size)
        // Entries by block, rows ascending.
        var entries = [[(row: Int, column: Int, weight: Int64)]](repeating: [], count: blockCount)
        for row in 0..<rows {
            for entry in rowStarts[row]..<rowStarts[row + 1] where weights[entry] != 0 {
                let (block, column) = columnIndices[entry].quotientAndRemainder(dividingBy: size)
                entries[block].append((row, column, weights[entry]))
            }
        }
        var out: [Segment] = []
        var code: [UInt16] = []
        var nanoseconds = 0.0
        var first = 0
        func end(at block: Int) {
            out.append(
                Segment(
                    code: code, firstColumn: first * size, blocks: block - first,
                    nanoseconds: nanoseconds))
        }
        var sums = [Int64](repeating: 0, count: rows)
        for block in 0..<blockCount {
            var added: [Int: Int64] = [:]
            for entry in entries[block] {
                added[entry.row, default: 0] += Int64(entry.weight.magnitude)
            }
            guard added.values.allSatisfy({ $0 <= limit }) else { return nil }
            if added.contains(where: { sums[$0] + $1 > limit }) {
                end(at: block)
                code = []
                nanoseconds = 0
                first = block
                sums = [Int64](repeating: 0, count: rows)
            }
            for (row, sum) in added { sums[row] += sum }
            let (words, groups) = Self.code(entries[block])
            code += words
            nanoseconds += 0.85 * Double(entries[block].count) + 2.5 * Double(groups)
        }
        end(at: blockCount)
        return out
    }

    /// One block, in the format of `bsk_row_sums`, and its groups of equal weight.
    private static func code(
        _ entries: [(row: Int, column: Int, weight: Int64)]
    ) -> (words: [UInt16], groups: Int) {
        var out: [UInt16] = [0, 0]
        var rows = 0
        var count = 0
        var index = 0
        while index < entries.count {
            let row = entries[index].row
            var groups: [Int64: [UInt16]] = [:]
            while index < entries.count, entries[index].row == row {
                groups[entries[index].weight, default: []].append(UInt16(entries[index].column))
                index += 1
            }
            rows += 1
            count += groups.count
            out += [UInt16(row & 0xffff), UInt16(row >> 16), UInt16(groups.count)]
            for (weight, columns) in groups.sorted(by: { $0.key < $1.key }) {
                out += [UInt16(bitPattern: Int16(weight)), UInt16(columns.count)] + columns
            }
        }
        out[0] = UInt16(rows & 0xffff)
        out[1] = UInt16(rows >> 16)
        return (out, count)
    }

    /// out = M x modulo one prime, on a tile: x has `columns` features, out `rows`, of BSK_TILE residues each.
    ///
    /// - Parameters:
    ///   - initial: what is added, in [0, q), a value a row; none for zero.
    ///   - scratch: `scratchWords` words.
    func apply(
        _ m: UnsafePointer<bsk_modulus>, to x: UnsafePointer<UInt64>,
        into out: UnsafeMutablePointer<UInt64>, initial: UnsafePointer<UInt64>?,
        scratch: UnsafeMutablePointer<UInt64>
    ) {
        let tile = Int(BSK_TILE)
        let count = rows * tile
        if let initial {
            for row in 0..<rows {
                (out + row * tile).update(repeating: initial[row], count: tile)
            }
        } else {
            out.update(repeating: 0, count: count)
        }
        if let dotProducts {
            dotProducts.add(m, x, to: out, rows: rows, scratch: scratch)
            return
        }
        for (index, segments) in digits.enumerated() {
            let target = index == 0 ? out : scratch
            if index > 0 { scratch.update(repeating: 0, count: count) }
            target.withMemoryRebound(to: Int64.self, capacity: count) { sums in
                for segment in segments {
                    bsk_row_sums(
                        sums, x + segment.firstColumn * tile, segment.code, segment.blocks)
                    bsk_reduce_signed(m, target, sums, count)
                }
            }
            if index > 0 {
                var factor: UInt64 = 1
                for _ in 0..<index * width { factor = (factor << 1) % m.pointee.q }
                bsk_mul_scalar(m, scratch, scratch, factor, count)
                bsk_add(m, out, out, scratch, count)
            }
        }
    }
}
