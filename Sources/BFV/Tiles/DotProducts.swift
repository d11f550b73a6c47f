// SPDX-License-Identifier: Apache-2.0

import CKernels

/// A matrix for `bsk_gemm_sums`, cut into ranges of columns whose sums of |w| leave 64 bits no chance to overflow.
struct DotProducts: Sendable {
    private struct Range: Sendable {
        let first: Int
        let count: Int
        let handle: Handle
    }

    private final class Handle: @unchecked Sendable {
        let gemm: OpaquePointer

        init?(rowStarts: [Int], columns: [UInt32], weights: [Int32]) {
            guard
                let gemm = bsk_gemm_create_csr(rowStarts, columns, weights, rowStarts.count - 1)
            else { return nil }
            self.gemm = gemm
        }

        deinit { bsk_gemm_destroy(gemm) }
    }

    private let ranges: [Range]
    /// Words that the digits of the widest range take.
    let digitWords: Int
    /// Of a tile on the reference machine.
    let nanoseconds: Double

    /// nil where a weight has more than 31 bits or one column's is too much by itself.
    init?(
        columns: Int, rowStarts: [Int], columnIndices: [Int], weights: [Int64], residueBits: Int
    ) {
        guard weights.allSatisfy({ $0.magnitude < 1 << 31 }), columns < 1 << 31 else { return nil }
        let rows = rowStarts.count - 1
        // sum of |w| q / 2 < 2^62.
        let limit = Int64(1) << Int64(63 - residueBits) - 1
        guard let bounds = Self.ranges(columns, rowStarts, columnIndices, weights, limit: limit)
        else { return nil }
        var ranges: [Range] = []
        var time = 0.0
        for bound in bounds {
            var starts = [0]
            var indices: [UInt32] = []
            var values: [Int32] = []
            for row in 0..<rows {
                let entries = (rowStarts[row]..<rowStarts[row + 1]).filter {
                    bound.contains(columnIndices[$0]) && weights[$0] != 0
                }.sorted { columnIndices[$0] < columnIndices[$1] }
                indices += entries.map { UInt32(columnIndices[$0] - bound.lowerBound) }
                values += entries.map { Int32(weights[$0]) }
                starts.append(values.count)
            }
            guard let handle = Handle(rowStarts: starts, columns: indices, weights: values) else {
                return nil
            }
            ranges.append(Range(first: bound.lowerBound, count: bound.count, handle: handle))
            let digits = Double(bsk_digit_count(UInt32(residueBits)))
            time +=
                0.3 * digits * Double(bsk_gemm_cost(handle.gemm)) + 3 * Double(bound.count)
                + 6 * Double(rows)
        }
        self.ranges = ranges
        nanoseconds = time
        digitWords =
            ranges.map { bsk_tile_digits_words(UInt32(residueBits), $0.count) }.max() ?? 0
    }

    /// As few ranges of columns as keep every row's sum within `limit`; each begins at an even column.
    private static func ranges(
        _ columns: Int, _ rowStarts: [Int], _ columnIndices: [Int], _ weights: [Int64],
        limit: Int64
    ) -> [Swift.Range<Int>]? {
        var entries = [[(row: Int, weight: Int64)]](repeating: [], count: (columns + 1) / 2)
        for row in 0..<rowStarts.count - 1 {
            for entry in rowStarts[row]..<rowStarts[row + 1] {
                entries[columnIndices[entry] / 2].append((row, Int64(weights[entry].magnitude)))
            }
        }
        var sums = [Int64](repeating: 0, count: rowStarts.count - 1)
        var out: [Swift.Range<Int>] = []
        var first = 0
        for (pair, list) in entries.enumerated() {
            var added: [Int: Int64] = [:]
            for entry in list { added[entry.row, default: 0] += entry.weight }
            guard added.values.allSatisfy({ $0 <= limit }) else { return nil }
            if added.contains(where: { sums[$0] + $1 > limit }) {
                out.append(first..<2 * pair)
                first = 2 * pair
                sums = [Int64](repeating: 0, count: sums.count)
            }
            for (row, weight) in added { sums[row] += weight }
        }
        return out + [first..<columns]
    }

    /// out += M x modulo one prime, on a tile.
    func add(
        _ m: UnsafePointer<bsk_modulus>, _ x: UnsafePointer<UInt64>,
        to out: UnsafeMutablePointer<UInt64>, rows: Int, scratch: UnsafeMutablePointer<UInt64>
    ) {
        let tile = Int(BSK_TILE)
        let digits = scratch + rows * tile
        for range in ranges {
            bsk_tile_digits(m, digits, x + range.first * tile, range.count)
            scratch.withMemoryRebound(to: Int64.self, capacity: rows * tile) { sums in
                bsk_gemm_sums(range.handle.gemm, sums, digits, m.pointee.bits)
                bsk_reduce_signed(m, scratch, sums, rows * tile)
            }
            bsk_add(m, out, out, scratch, rows * tile)
        }
    }
}
