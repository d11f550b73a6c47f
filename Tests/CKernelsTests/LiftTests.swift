// SPDX-License-Identifier: Apache-2.0

import CKernels
import TestSupport
import Testing

private let n = 64

extension KernelTests {
    @Test(arguments: Path.allCases, testModuli)
    func centeringAndLifting(path: Path, q: UInt64) {
        var rng = SplitMix64(seed: q)
        var from = modulus(q)
        let x = residues(n, q, &rng)
        let centered = Buffer([Int64](repeating: .max, count: n))
        path.run {
            bsk_center(&from, centered.p, x.p, n)
            #expect(centered.array == x.array.map { center($0, q) })
            for p in testModuli {
                var to = modulus(p)
                let out = largest(n, p)
                bsk_lift_centered(&from, &to, out.p, x.p, n)
                #expect(out.array == x.array.map { reduce(center($0, q), p) }, "\(q) to \(p)")
            }
        }
    }

    /// Digits of several moduli, joined modulo another one.
    @Test(arguments: Path.allCases, testModuli)
    func digitsJoin(path: Path, p: UInt64) {
        var rng = SplitMix64(seed: p)
        var to = modulus(p)
        for count in 1...4 {
            let values = (0..<count).map { testModuli[(Int(p % 7) + 3 * $0) % testModuli.count] }
            let from = values.map { q in
                let place = UnsafeMutablePointer<bsk_modulus>.allocate(capacity: 1)
                place.initialize(to: modulus(q))
                return place
            }
            defer { for place in from { place.deallocate() } }
            let digits = values.map { residues(n, $0, &rng) }
            let weights = [1] + (1..<4).map { _ in UInt64.random(in: 0..<p, using: &rng) }
            let out = largest(n, p)
            path.run {
                let places = digits.map { Optional(UnsafePointer($0.p)) }
                let moduli = from.map { Optional(UnsafePointer($0)) }
                bsk_join_digits(&to, out.p, places, moduli, weights, count, n)
                let expected = (0..<n).map { i in
                    (0..<count).reduce(UInt64(0)) { sum, j in
                        let x = reduce(center(digits[j].array[i], values[j]), p)
                        let (high, low) = x.multipliedFullWidth(by: weights[j])
                        return (sum + p.dividingFullWidth((high % p, low)).remainder) % p
                    }
                }
                #expect(out.array == expected, "\(values) to \(p)")
            }
        }
    }

    @Test(arguments: Path.allCases, testModuli)
    func signedReduction(path: Path, q: UInt64) {
        var rng = SplitMix64(seed: q)
        var m = modulus(q)
        let bound: Int64 = 1 << 62
        let s = Int64(q)
        let extremes = [
            0, 1, -1, s, -s, s - 1, 1 - s, s + 1, -s - 1, bound - 1, 1 - bound,
            bound / s * s, -(bound / s * s), bound / s * s - 1, 1 - bound / s * s,
        ]
        let x = Buffer(
            extremes
                + (extremes.count..<n).map { _ in Int64.random(in: -bound + 1..<bound, using: &rng)
                })
        let out = largest(n, q)
        path.run {
            bsk_reduce_signed(&m, out.p, x.p, n)
            #expect(out.array == x.array.map { reduce($0, q) })
        }
    }

    /// The digits, read as small signed numbers mod a large prime, are in range and recompose;
    /// mod every other prime they are the same numbers.
    @Test(arguments: Path.allCases, testModuli)
    func digitsRecompose(path: Path, q: UInt64) {
        var rng = SplitMix64(seed: q)
        var from = modulus(q)
        let wide = largestPrime(bits: 50)!
        var to = modulus(wide)
        let x = residues(n, q, &rng)
        let plain = [1, 2, 7, 8, 13, 16, 22, 25, 30, 49].map {
            ($0, max(1, (from.bits + $0 - 1) / $0))
        }
        for (width, count) in plain + [(30, 3), (61, 2)] {
            let half = Int64(1) << Int64(width - 1)
            var sums = [Int64](repeating: 0, count: n)
            path.run {
                for index in 0..<count {
                    let out = largest(n, wide)
                    bsk_balanced_digit(&from, &to, out.p, x.p, width, count, index, n)
                    let digits = out.array.map { center($0, wide) }
                    if index + 1 < count {
                        #expect(digits.allSatisfy { -half <= $0 && $0 < half })
                    } else {
                        #expect(digits.allSatisfy { -half - 1 <= $0 && $0 <= half })
                    }
                    for i in 0..<n { sums[i] &+= digits[i] << Int64(width * index) }
                    for p in [testModuli[0], testModuli[5], q] {
                        var small = modulus(p)
                        bsk_balanced_digit(&from, &small, out.p, x.p, width, count, index, n)
                        #expect(out.array == digits.map { reduce($0, p) })
                    }
                }
                #expect(sums == x.array.map { center($0, q) }, "width \(width)")
            }
        }
    }
}
