import CKernels
import TestSupport
import Testing

extension KernelTests {
    /// Products in Z[Y]/(Y^k+1) of numbers that fit.
    private func product(_ a: [Int128], _ b: [Int128]) -> [Int128] {
        let k = a.count
        var out = [Int128](repeating: 0, count: k)
        for i in 0..<k {
            for j in 0..<k { out[(i + j) % k] += i + j < k ? a[i] * b[j] : -a[i] * b[j] }
        }
        return out
    }

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

    /// Any generator and reciprocal: what the header's formula says, modulo 2^64.
    @Test(arguments: [1, 2, 4, 8, 16, 32]) func reduceIdealIsItsFormula(k: Int) {
        var rng = SplitMix64(seed: UInt64(k))
        for trial in 0..<20 {
            let m = [1, 2, 8, 33][trial % 4]
            let top = Int64(1) << 62 - 1
            let generator = (0..<k).map { _ in
                trial == 0
                    ? -(Int64(1) << 50 - 1)
                    : trial == 1
                        ? Int64(1) << 50 - 1
                        : Int64.random(in: -1 << 50...1 << 50, using: &rng)
            }
            let reciprocal = (0..<k).map { _ in
                trial == 0 ? top : trial == 1 ? -top : Int64.random(in: -top...top, using: &rng)
            }
            let a = words(m, 1 << 50, &rng)
            var out = [Int64](repeating: 7, count: k * m + 1)
            bsk_reduce_ideal(&out, a, generator, reciprocal, k, m)
            #expect(out[k * m] == 7, "written beyond the end")
            for j in 0..<m {
                // Rounded to nearest, halves up.
                let quotient = reciprocal.map {
                    (Int128(a[j]) * Int128($0) + (Int128(1) << 62)) >> 63
                }
                var expected = product(generator.map { Int128($0) }, quotient).map { -$0 }
                expected[0] += Int128(a[j])
                for i in 0..<k {
                    #expect(
                        out[j + i * m] == Int64(truncatingIfNeeded: expected[i]),
                        "k \(k), trial \(trial), word \(j), coefficient \(i)")
                }
            }
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

    @Test(arguments: [1, 2, 4, 8, 16, 32]) func multiplyIdeal(k: Int) {
        var rng = SplitMix64(seed: UInt64(k) + 200)
        for trial in 0..<20 {
            let m = [1, 2, 8, 33][trial % 4]
            let generator = (0..<k).map { _ in
                trial == 0
                    ? Int64.min
                    : trial == 1
                        ? Int64(1) << 50
                        : Int64.random(in: -1 << 50...1 << 50, using: &rng)
            }
            let a = (0..<k * m).map { _ in
                trial == 0
                    ? Int64.min
                    : trial == 1
                        ? .max
                        : trial % 2 == 0
                            ? Int64.random(in: .min ... .max, using: &rng)
                            : Int64.random(in: -4...4, using: &rng)
            }
            var out = [Int64](repeating: 7, count: k * m + 1)
            bsk_multiply_ideal(&out, a, generator, k, m)
            #expect(out[k * m] == 7, "written beyond the end")
            for j in 0..<m {
                for i in 0..<k {
                    // Modulo X^(k m) + 1, with X^(l m) times X^(j + h m).
                    var sum: UInt64 = 0
                    for l in 0..<k {
                        let h = (i + k - l) % k
                        let term =
                            UInt64(bitPattern: generator[l]) &* UInt64(bitPattern: a[j + h * m])
                        sum = l + h < k ? sum &+ term : sum &- term
                    }
                    #expect(
                        out[j + i * m] == Int64(bitPattern: sum),
                        "k \(k), trial \(trial), coefficient \(i)")
                }
            }
        }
    }
}
