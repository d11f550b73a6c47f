// SPDX-License-Identifier: Apache-2.0

import CKernels
import TestSupport
import Testing

/// c_0 ... of a product of polynomials in Y modulo Y^k + 1 and 2^64.
private func product(_ a: [Int64], _ b: [Int64]) -> [Int64] {
    var out = [Int64](repeating: 0, count: a.count)
    for (i, x) in a.enumerated() {
        for (j, y) in b.enumerated() {
            if i + j < a.count { out[i + j] &+= x &* y } else { out[i + j - a.count] &-= x &* y }
        }
    }
    return out
}

extension KernelTests {
    @Test(arguments: Path.allCases, [1, 2, 4, 8, 32])
    func ideals(path: Path, k: Int) {
        var rng = SplitMix64(seed: UInt64(k))
        for m in [8, 24, 64] {
            let limit: Int64 = 1 << 50
            let pi = (0..<k).map { _ in Int64.random(in: -limit...limit, using: &rng) }
            let top: Int64 = (1 << 62) - 1
            let extremes: [Int64] = [0, 1, -1, top, -top, 1 << 52, -(1 << 52)]
            let reciprocal: [Int64] =
                extremes.prefix(k)
                + (0..<max(k - 7, 0)).map { _ in Int64.random(in: -top...top, using: &rng) }
            let a = Buffer<UInt64>(
                [0, 1, (1 << 50) - 1] + (3..<m).map { _ in rng.next() >> 14 })
            let x = Buffer<Int64>(
                [.min, .max, -1] + (3..<k * m).map { _ in Int64(bitPattern: rng.next()) })
            let sum = (0..<k * m).map { _ in Int64(bitPattern: rng.next()) }
            for turn in 0..<(k == 1 ? 3 : 1) {
                // With k = 1 one reciprocal at a time.
                let r: [Int64] = k == 1 ? [[top, -top, 12345][turn]] : reciprocal
                let out = Buffer([Int64](repeating: .max, count: k * m))
                let acc = Buffer(sum)
                path.run {
                    bsk_reduce_ideal(out.p, a.p, pi, r, k, m)
                    bsk_multiply_add_ideal(acc.p, x.p, pi, k, m)
                }
                guard acc.array != sum else { continue }
                for j in 0..<m {
                    // round(a r / 2^63), exactly: the high word of twice the product, rounded.
                    let quotient = r.map { (r: Int64) -> Int64 in
                        let wide = Int64(a.p[j]).multipliedFullWidth(by: r)
                        let floor = wide.high << 1 | Int64(wide.low >> 63)
                        return floor + Int64(wide.low >> 62 & 1)
                    }
                    let taken = product(pi, quotient)
                    let added = product(pi, (0..<k).map { x.p[j + $0 * m] })
                    for i in 0..<k {
                        #expect(out.p[j + i * m] == (i == 0 ? Int64(a.p[j]) : 0) &- taken[i])
                        #expect(acc.p[j + i * m] == sum[j + i * m] &+ added[i])
                    }
                }
            }
        }
    }

    @Test(arguments: Path.allCases, testModuli)
    func repliesAreLifted(path: Path, q: UInt64) {
        var rng = SplitMix64(seed: q)
        var m = modulus(q)
        let n = 64
        let x = residues(n, q, &rng)
        let words = Buffer((0..<n).map { _ in rng.next() })
        let out = Buffer([Int64](repeating: .max, count: n))
        path.run {
            for lift in [0, 1, 13, 40] {
                bsk_center_add(&m, out.p, x.p, words.p, UInt32(lift), n)
                let expected = zip(x.array, words.array).map {
                    center($0, q) &+ Int64(bitPattern: $1 << UInt64(lift))
                }
                #expect(out.array == expected, "lift \(lift)")
            }
        }
    }

    @Test(arguments: Path.allCases) func signedWords(path: Path) {
        var rng = SplitMix64(seed: 5)
        let n = 64
        let x = Buffer(
            [Int64.min, .max, 0, -1] + (4..<n).map { _ in Int64(bitPattern: rng.next()) })
        let out = Buffer([Int64](repeating: .max, count: n))
        path.run {
            for bits in [1, 2, 31, 50, 63, 64] {
                bsk_sign_extend(out.p, x.p, UInt32(bits), n)
                let shift = Int64(64 - bits)
                #expect(out.array == x.array.map { ($0 << shift) >> shift }, "\(bits) bits")
            }
            #expect(bsk_largest_magnitude(x.p, n) == 1 << 63)
            for (i, largest) in [5, -7, 1 << 62, -(1 << 62), .max, .min + 1].enumerated() {
                let values = Buffer(
                    (0..<n).map { $0 == 9 * i ? Int64(largest) : Int64($0 % 5) - 2 })
                #expect(bsk_largest_magnitude(values.p, n) == Int64(largest).magnitude)
            }
            let zeros = Buffer([Int64](repeating: 0, count: n))
            #expect(bsk_largest_magnitude(zeros.p, n) == 0)
        }
    }
}
