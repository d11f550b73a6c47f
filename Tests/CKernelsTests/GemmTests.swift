// SPDX-License-Identifier: Apache-2.0

import CKernels
import TestSupport
import Testing

private let tile = Int(BSK_TILE)

/// A matrix of small weights, kernels of which the naive sum is held against.
private struct Matrix {
    let rows: Int
    let features: Int
    let weights: [Int32]

    init(rows: Int, features: Int, weight: (Int, Int) -> Int32) {
        self.rows = rows
        self.features = features
        weights = (0..<rows * features).map { weight($0 / features, $0 % features) }
    }

    func packed() -> OpaquePointer { bsk_gemm_create(weights, rows, features)! }

    var cost: Int {
        let g = packed()
        defer { bsk_gemm_destroy(g) }
        return bsk_gemm_cost(g)
    }

    /// The contract's bound on the sum of |w| of a row.
    static func limit(_ q: UInt64) -> UInt64 { ((1 << 62) - 1) / (q / 2) }

    func isWithin(_ q: UInt64) -> Bool {
        (0..<rows).allSatisfy { r in
            weights[r * features..<(r + 1) * features].reduce(UInt64(0)) {
                $0 + UInt64($1.magnitude)
            }
                <= Self.limit(q)
        }
    }

    func naiveSums(_ x: [UInt64], _ q: UInt64) -> [Int64] {
        (0..<rows * tile).map { i in
            var sum: Int128 = 0
            for f in 0..<features {
                let c = center(x[f * tile + i % tile], q)
                sum += Int128(weights[i / tile * features + f]) * Int128(c)
            }
            return Int64(sum)
        }
    }

    /// What the kernels give, in buffers that begin `offset` words past a cache line; nothing beyond them is written.
    func sums(_ g: OpaquePointer, _ x: [UInt64], _ q: UInt64, offset: Int = 0) -> [Int64] {
        var m = modulus(q)
        let words = bsk_tile_digits_words(m.bits, features)
        let input = Buffer([UInt64](repeating: 0, count: offset) + x)
        let digits = Buffer([UInt64](repeating: .max / 3, count: offset + words + 1))
        let acc = Buffer([Int64](repeating: .max / 5, count: offset + rows * tile + 1))
        bsk_tile_digits(&m, digits.p + offset, input.p + offset, features)
        bsk_gemm_sums(g, acc.p + offset, digits.p + offset, m.bits)
        #expect(digits.array.last == .max / 3 && acc.array.last == .max / 5)
        return Array(acc.array[offset..<offset + rows * tile])
    }

    func check(_ x: [UInt64], _ q: UInt64, offset: Int = 0, _ comment: Comment) {
        let g = packed()
        defer { bsk_gemm_destroy(g) }
        #expect(isWithin(q), comment)
        #expect(sums(g, x, q, offset: offset) == naiveSums(x, q), comment)
    }
}

/// One residue everywhere.
private func constant(_ features: Int, _ x: UInt64) -> [UInt64] {
    [UInt64](repeating: x, count: features * tile)
}

extension KernelTests {
    @Test(arguments: Path.allCases, testModuli)
    func smallWeightSums(path: Path, q: UInt64) {
        var rng = SplitMix64(seed: q)
        let shapes = [
            (1, 1), (1, 6), (2, 3), (3, 2), (4, 9), (5, 1), (7, 33), (8, 16), (9, 21), (15, 8),
            (29, 12),
        ]
        path.run {
            for (rows, features) in shapes {
                for bits in [1, 4, 8, 11, 15, 20, 31] {
                    let most = Int64(Matrix.limit(q)) / Int64(features)
                    let bound = Int32(min(most, (1 << bits) - 1))
                    for percent in [0, 20, 100] {
                        let matrix = Matrix(rows: rows, features: features) { _, _ in
                            Int.random(in: 0..<100, using: &rng) < percent
                                ? Int32.random(in: -bound...bound, using: &rng) : 0
                        }
                        let x = residues(features * tile, q, &rng).array
                        matrix.check(
                            x, q, offset: rows % 2,
                            "\(rows) x \(features), \(bits) bits, \(percent) %")
                    }
                }
            }
        }
    }

    /// The largest weights that the contract allows, and residues at both ends: a row of them all, the same negative,
    /// one weight, none.
    @Test(arguments: Path.allCases, testModuli)
    func largestSmallWeightSums(path: Path, q: UInt64) {
        path.run {
            for features in [1, 2, 5, 64, 131] {
                for most in [1 << 7, 1 << 14, (1 << 15) - 1, 1 << 15, (1 << 31) - 1] {
                    let w = Int32(min(Int(Matrix.limit(q)) / features, most))
                    let one = Int32(min(Int(Matrix.limit(q)), most))
                    let matrix = Matrix(rows: 11, features: features) { r, f in
                        switch r {
                        case 0, 7, 8: w
                        case 1, 9: -w
                        case 2: f % 2 == 0 ? w : -w
                        case 3: f == features / 2 ? one : 0
                        case 4: f == features - 1 ? -one : 0
                        case 5: 0
                        default: f % 3 == 0 ? w : 0
                        }
                    }
                    for x in [0, 1, q / 2, q / 2 + 1, q - 1] {
                        matrix.check(constant(features, x), q, "\(features) of \(w), residue \(x)")
                    }
                }
            }
            let least = Matrix(rows: 1, features: 1) { _, _ in .min }
            if least.isWithin(q) { least.check(constant(1, q / 2), q, "least weight") }
        }
    }

    /// Digits of -2^15 and 2^15 - 1, with weights whose magnitudes add up to the most that sums of 32 bits take, and to
    /// one more.
    @Test(arguments: Path.allCases, [17, 30, 32, 33, 36, 45, 47])
    func fullSums(path: Path, bits: UInt64) {
        let q = largestPrime(bits: bits)!
        let features = 18
        let rows = [65535, 65536, -65535, -65536].map { sum in
            Matrix(rows: 1, features: features) { _, f in
                let sign: Int32 = sum < 0 ? -1 : 1
                return f < 2 ? sign * 32760 : f < 2 + abs(sum) - 65520 ? sign : 0
            }
        }
        let all = Matrix(rows: 4, features: features) { r, f in rows[r].weights[f] }
        #expect(rows.map(\.cost) == [9, 9, 9, 9] && all.cost == 36, "one line a row")
        // c = top 2^32 + middle 2^16 + low + offset, or without the middle.
        let ends: [Int64] = [-0x8000, 0x7FFF]
        let half = Int64(q / 2)
        let tops = (-8...8).map { $0 * (half / 8) }
        let values = ends.flatMap { low -> [Int64] in
            if bits <= 32 { return tops.map { $0 & ~0xFFFF + low + 0x8000 } }
            return ends.flatMap { middle in
                tops.map { $0 & ~0xFFFF_FFFF + (middle << 16) + low + 0x8000_8000 }
            }
        }.filter { abs($0) <= half }
        #expect(values.count > 16)
        path.run {
            for value in values {
                let x = constant(features, reduce(value, q))
                for matrix in rows + [all] { matrix.check(x, q, "\(value)") }
            }
        }
    }

    /// The order of digits is the same on every path, and their number the least.
    @Test(arguments: Path.allCases, testModuli)
    func tileDigits(path: Path, q: UInt64) {
        var rng = SplitMix64(seed: q)
        var m = modulus(q)
        #expect([1, 16, 17, 32, 33, 48, 49, 50].map(bsk_digit_count) == [1, 1, 2, 2, 3, 3, 4, 4])
        path.run {
            for features in [1, 2, 7, 12] {
                let words = bsk_tile_digits_words(m.bits, features)
                #expect(words == (features + 1) / 2 * bsk_digit_count(m.bits) * 8)
                let x = residues(features * tile, q, &rng)
                let out = Buffer([UInt64](repeating: 0, count: words))
                let portable = Buffer([UInt64](repeating: 1, count: words))
                bsk_tile_digits(&m, out.p, x.p, features)
                #expect(bsk_force_path(0) == 0)
                bsk_tile_digits(&m, portable.p, x.p, features)
                #expect(out.array == portable.array)
                #expect(bsk_force_path(path.rawValue) == 0)
            }
        }
    }

    @Test func skippedWeights() {
        #expect(Matrix(rows: 9, features: 20) { _, _ in 0 }.cost == 0)
        #expect(Matrix(rows: 1, features: 7) { _, _ in 1 }.cost == 4)
        #expect(Matrix(rows: 100, features: 845) { r, f in Int32(r + f) }.cost == 100 * 423)
        // A row of wide weights is two lines, or four.
        #expect(Matrix(rows: 3, features: 8) { r, _ in r == 1 ? 32767 : 1 }.cost == 4 * 4)
        #expect(Matrix(rows: 3, features: 8) { r, _ in r == 1 ? 0x4141_4141 : 1 }.cost == 6 * 4)
        // Windows of 5 at 16 places, for 8 maps that follow each other: whole panels of one support each.
        let windows = Matrix(rows: 128, features: 160) { r, f in
            f / 10 == r % 16 && f % 10 < 5 ? Int32(r) + 1 : 0
        }
        #expect(windows.cost == 128 * 3)
        // Rows that share nothing are taken one by one.
        #expect(Matrix(rows: 8, features: 80) { r, f in f / 10 == r ? 1 : 0 }.cost == 8 * 5)
        // Two supports, in alternation.
        #expect(Matrix(rows: 14, features: 8) { r, f in f / 4 == r % 2 ? 1 : 0 }.cost == 14 * 2)
    }

    /// Lists of weights, with zeros among them, are the same matrix.
    @Test(arguments: Path.allCases) func weightLists(path: Path) {
        var rng = SplitMix64(seed: 7)
        let q = largestPrime(bits: 45)!
        path.run {
            for (rows, features) in [(1, 1), (40, 31), (200, 12)] {
                let matrix = Matrix(rows: rows, features: features) { _, _ in
                    Int.random(in: 0..<4, using: &rng) == 0
                        ? Int32.random(in: -100...100, using: &rng) : 0
                }
                var (starts, columns, weights) = ([0], [UInt32](), [Int32]())
                for r in 0..<rows {
                    for f in 0..<features {
                        let w = matrix.weights[r * features + f]
                        guard w != 0 || Int.random(in: 0..<4, using: &rng) == 0 else { continue }
                        columns.append(UInt32(f))
                        weights.append(w)
                    }
                    starts.append(columns.count)
                }
                let g = bsk_gemm_create_csr(starts, columns, weights, rows)!
                defer { bsk_gemm_destroy(g) }
                let x = residues(features * tile, q, &rng).array
                #expect(matrix.sums(g, x, q) == matrix.naiveSums(x, q))
            }
            let none = bsk_gemm_create(nil, 0, 5)!
            #expect(bsk_gemm_cost(none) == 0)
            bsk_gemm_destroy(none)
            bsk_gemm_destroy(nil)
        }
    }
}
