// SPDX-License-Identifier: Apache-2.0

import CKernels
import TestSupport
import Testing

extension KernelTests {
    /// 2^63 / divisor for a divisor of Y^k+1 of the form c Y^i: its reciprocal is exact up to rounding.
    private func monomial(_ k: Int, _ c: Int64, _ i: Int) -> (
        generator: [Int64], reciprocal: [Int64]
    ) {
        var generator = [Int64](repeating: 0, count: k)
        var reciprocal = generator
        generator[i] = c
        // (c Y^i)^-1 = -Y^(k-i) / c for i > 0.
        let quotient = (Int128(1) << 64 / Int128(c) + (c > 0 ? 1 : -1)) / 2
        reciprocal[(k - i) % k] = Int64(i == 0 ? quotient : -quotient)
        return (generator, reciprocal)
    }

    private func words(_ n: Int, _ bound: UInt64, _ rng: inout SplitMix64) -> [UInt64] {
        let extremes = [0, 1, bound - 1, bound / 2, bound / 2 + 1, bound / 3]
        return (0..<n).map {
            $0 < extremes.count ? extremes[$0] : UInt64.random(in: 0..<bound, using: &rng)
        }
    }

    /// Modulo c Y^i, the words themselves are centered modulo c.
    @Test(arguments: [1, 2, 4, 32]) func reduceIdealCenters(k: Int) {
        var rng = SplitMix64(seed: UInt64(k) + 100)
        for c: Int64 in [3, -5, 1025, 114689, (1 << 49) + 1, -(1 << 49) + 1] {
            for i in Set([0, 1 % k, k - 1]) {
                let (generator, reciprocal) = monomial(k, c, i)
                let a = words(24, 1 << 50, &rng)
                var out = [Int64](repeating: 7, count: 24 * k)
                bsk_reduce_ideal(&out, a, generator, reciprocal, k, 24)
                for j in 0..<24 {
                    #expect(out[j] == center(a[j] % c.magnitude, c.magnitude), "c \(c), \(a[j])")
                    #expect((1..<k).allSatisfy { out[j + 24 * $0] == 0 })
                }
            }
        }
    }
}
