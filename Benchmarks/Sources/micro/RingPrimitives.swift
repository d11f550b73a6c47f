import BFV
import CBandwidth
import Ring

/// Transforms of one limb.
struct RingPrimitives {
    let ring: BenchmarkRing
    let stopwatch: Stopwatch

    func measure() throws -> [Measurement] {
        let table = try NTTTable(modulus: ring.moduli[0], degree: ring.degree)
        let words = AlignedWords(count: ring.degree)
        for i in 0..<ring.degree { words.base[i] = UInt64(i) &* 0x9E37_79B9 % table.value }
        let forward = stopwatch.measure { table.forward(words.base) }
        let inverse = stopwatch.measure { table.inverse(words.base) }
        return [
            Measurement(
                "forward_ntt", ring: ring, limbs: 1, timing: forward, counts: ["forward_ntts": 1],
                note: "one limb, in place"),
            Measurement(
                "inverse_ntt", ring: ring, limbs: 1, timing: inverse, counts: ["inverse_ntts": 1],
                note: "one limb, in place"),
        ]
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
