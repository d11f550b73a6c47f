// SPDX-License-Identifier: Apache-2.0

import CKernels
import TestSupport
import Testing

extension KernelTests {
    private static let tile = Int(BSK_TILE)
    private static let block = Int(BSK_TILE_FEATURES)

    /// The code of a dense matrix, as CKernels.h says it: weights[row][feature], zeros left out.
    private func code(_ weights: [[Int16]], features: Int) -> (code: [UInt16], blocks: Int) {
        var out: [UInt16] = []
        let blocks = (features + Self.block - 1) / Self.block
        for b in 0..<blocks {
            let columns = b * Self.block..<min(features, (b + 1) * Self.block)
            let rows = weights.indices.filter { row in
                columns.contains { weights[row][$0] != 0 }
            }
            out += [UInt16(rows.count & 0xffff), UInt16(rows.count >> 16)]
            for row in rows {
                let values = Set(columns.map { weights[row][$0] }).subtracting([0]).sorted()
                out += [UInt16(row & 0xffff), UInt16(row >> 16), UInt16(values.count)]
                for value in values {
                    let found = columns.filter { weights[row][$0] == value }
                    out += [UInt16(bitPattern: value), UInt16(found.count)]
                    out += found.map { UInt16($0 - columns.lowerBound) }
                }
            }
        }
        return (out, blocks)
    }

    @Test(arguments: Path.allCases, [1, 7, 191, 192, 193, 500])
    func rowSums(path: Path, features: Int) {
        var rng = SplitMix64(seed: UInt64(features))
        for largest: Int16 in [1, 3, 7] {
            for rows in [1, 5, 33] {
                let weights = (0..<rows).map { row in
                    (0..<features).map { _ -> Int16 in
                        // Some rows are empty.
                        row % 5 == 4 ? 0 : Int16.random(in: -largest...largest, using: &rng)
                    }
                }
                let x = (0..<features * Self.tile).map { i -> UInt64 in
                    [0, 1 << 50 - 1][safe: i] ?? rng.next() >> 14
                }
                let start = (0..<rows * Self.tile).map { _ in
                    Int64(rng.next() >> 14) - 1 << 49
                }
                let expected = (0..<rows * Self.tile).map { i -> Int64 in
                    let (row, position) = i.quotientAndRemainder(dividingBy: Self.tile)
                    return (0..<features).reduce(start[i]) {
                        $0 + Int64(weights[row][$1]) * Int64(x[$1 * Self.tile + position])
                    }
                }
                let (words, blocks) = code(weights, features: features)
                path.run {
                    let (sums, source) = (Buffer(start), Buffer(x))
                    bsk_row_sums(sums.p, source.p, words, blocks)
                    #expect(sums.array == expected, "\(rows) rows, weights to \(largest)")
                }
            }
        }
    }

    /// Results at both ends of 64 bits, with sums in between that leave them.
    @Test(arguments: Path.allCases) func rowSumsAtTheEnds(path: Path) {
        let top = UInt64(1) << 50 - 1
        for sign: Int16 in [1, -1] {
            let features = 4
            let weights = [[sign * 8191, sign, sign * -8191, sign * 8191]]
            let x = [UInt64](repeating: top, count: features * Self.tile)
            let start = [Int64](repeating: 0, count: Self.tile)
            let expected = Int64(sign) * 8192 * Int64(top)
            let (words, blocks) = code(weights, features: features)
            path.run {
                let sums = Buffer(start)
                bsk_row_sums(sums.p, x, words, blocks)
                #expect(sums.array.allSatisfy { $0 == expected })
            }
        }
    }

    @Test func dither() {
        var rng = SplitMix64(seed: 9)
        for t: UInt64 in [3, 65537, 24_169_414_657, 1 << 50 - 27] {
            let half = Int64(t / 2)
            let fixed: [Int64] = [0, 1, -1, half, -half]
            let x = (0..<4000).map {
                fixed[safe: $0] ?? Int64.random(in: -half...half, using: &rng)
            }
            let words = x.indices.map { $0 % 7 == 0 ? 0 : $0 % 7 == 1 ? .max : rng.next() }
            var out = x
            bsk_dither(&out, words, t, x.count)
            for i in x.indices {
                let u = words[i].multipliedFullWidth(by: t).high
                let moves = u < x[i].magnitude
                let step = x[i] > 0 ? -Int64(t) : Int64(t)
                #expect(out[i] == (moves ? x[i] + step : x[i]), "t \(t), x \(x[i])")
            }
            // The mean is 0 within five deviations.
            let mean = out.reduce(0.0) { $0 + Double($1) } / Double(out.count)
            #expect(mean.magnitude < 5 * Double(t) / 2 / Double(out.count).squareRoot())
        }
    }

    /// A unit away from zero's other side where dithering by t would move by t.
    @Test func drawnQuotients() {
        var rng = SplitMix64(seed: 10)
        for t: UInt64 in [3, 65537, 24_169_414_657, 1 << 62 - 57] {
            let most = Int64(t / 2 + t / 8192)
            let fixed: [Int64] = [0, 1, -1, most, -most]
            let x = (0..<4000).map {
                fixed[safe: $0] ?? Int64.random(in: -most...most, using: &rng)
            }
            let words = x.indices.map { $0 % 7 == 0 ? 0 : $0 % 7 == 1 ? .max : rng.next() }
            var out = [Int64](repeating: 9, count: x.count)
            bsk_draw_quotients(&out, words, x, t, x.count)
            for i in x.indices {
                let moves = words[i].multipliedFullWidth(by: t).high < x[i].magnitude
                #expect(out[i] == (moves ? (x[i] < 0 ? 1 : -1) : 0), "t \(t), x \(x[i])")
            }
        }
    }
}

extension Array {
    fileprivate subscript(safe index: Int) -> Element? {
        indices.contains(index) ? self[index] : nil
    }
}
