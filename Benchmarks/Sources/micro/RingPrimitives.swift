// SPDX-License-Identifier: Apache-2.0

import BFV
import CBandwidth
import CKernels

/// Transforms of one limb.
struct RingPrimitives {
    let ring: BenchmarkRing
    let stopwatch: Stopwatch

    func measure() throws -> [Measurement] {
        let modulus = ring.moduli[0]
        let logarithm = UInt32(ring.degree.trailingZeroBitCount)
        guard
            let table = bsk_ntt_create(
                modulus, logarithm, Self.root(ofOrder: UInt64(2 * ring.degree), modulo: modulus))
        else { return [] }
        defer { bsk_ntt_destroy(table) }
        let words = AlignedWords(count: ring.degree)
        for i in 0..<ring.degree { words.base[i] = UInt64(i) &* 0x9E37_79B9 % modulus }
        let forward = stopwatch.measure { bsk_ntt_forward(table, words.base) }
        let inverse = stopwatch.measure { bsk_ntt_inverse(table, words.base) }
        return [
            Measurement(
                "forward_ntt", ring: ring, limbs: 1, timing: forward, counts: ["forward_ntts": 1],
                note: "one limb, in place"),
            Measurement(
                "inverse_ntt", ring: ring, limbs: 1, timing: inverse, counts: ["inverse_ntts": 1],
                note: "one limb, in place"),
        ]
    }

    /// A root of unity of exactly this order, a power of two that divides `modulus` - 1.
    private static func root(ofOrder order: UInt64, modulo modulus: UInt64) -> UInt64 {
        func power(_ base: UInt64, _ exponent: UInt64) -> UInt64 {
            var (result, square, rest) = (UInt64(1), base, exponent)
            while rest > 0 {
                if rest & 1 == 1 { result = product(result, square) }
                square = product(square, square)
                rest >>= 1
            }
            return result
        }
        func product(_ a: UInt64, _ b: UInt64) -> UInt64 {
            modulus.dividingFullWidth(a.multipliedFullWidth(by: b)).remainder
        }
        // Every second base is not a square, and gives one.
        var base: UInt64 = 2
        while power(base, (modulus - 1) / 2) == 1 { base += 1 }
        return power(base, (modulus - 1) / order)
    }
}

/// Words aligned to a cache line.
final class AlignedWords {
    let base: UnsafeMutablePointer<UInt64>
    let count: Int

    init(count: Int) {
        self.count = count
        base = UnsafeMutableRawPointer.allocate(byteCount: count * 8, alignment: 64)
            .bindMemory(to: UInt64.self, capacity: count)
        base.update(repeating: 1, count: count)
    }

    deinit { base.deallocate() }
}

extension Bandwidth {
    /// Half a megabyte stays in L2; `memoryWords` words should not fit any cache.
    init(memoryWords: Int, stopwatch: Stopwatch) {
        func rate(_ words: Int) -> Double {
            let buffer = AlignedWords(count: words)
            var sink: UInt64 = 0
            let timing = stopwatch.measure { sink ^= bench_read(buffer.base, words) }
            precondition(sink <= 1)
            return Double(8 * words) / timing.median / 1e9
        }
        self.init(
            l2GigabytesPerSecond: rate(1 << 16), memoryGigabytesPerSecond: rate(memoryWords))
    }
}
