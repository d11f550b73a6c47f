// SPDX-License-Identifier: Apache-2.0

import CKernels
import TestSupport
import Testing

extension KernelTests {
    /// Montgomery form, packed.
    private func packed(_ values: some Sequence<UInt64>, _ q: UInt64) -> [UInt8] {
        let scaled = values.map { UInt64((UInt128($0) << 52) % UInt128(q)) }
        let bits = modulus(q).bits
        var bytes = [UInt8](repeating: 0, count: scaled.count / 8 * Int(bits))
        bsk_pack(&bytes, scaled, bits, scaled.count)
        return bytes
    }

    /// Rows of n residues: all the largest, or random.
    private func rows(
        _ count: Int, _ n: Int, _ q: UInt64, _ rng: inout SplitMix64, largest: Bool
    ) -> [Buffer<UInt64>] {
        (0..<count).map { _ in
            Buffer((0..<n).map { _ in largest ? q - 1 : rng.next() % q })
        }
    }

    /// Sum of products, residue by residue.
    private func sums(
        _ a: some Sequence<Buffer<UInt64>>, _ b: some Sequence<Buffer<UInt64>>, _ q: UInt64, n: Int
    ) -> [UInt64] {
        zip(a, b).reduce([UInt64](repeating: 0, count: n)) { sum, pair in
            (0..<n).map { i in (sum[i] + mulMod(pair.0.p[i], pair.1.p[i], q)) % q }
        }
    }

    @Test(arguments: Path.allCases, testModuli)
    func packedKeys(path: Path, q: UInt64) {
        var rng = SplitMix64(seed: q)
        var m = modulus(q)
        for (n, count) in [(8, 1), (16, 3), (72, 4), (24, 40), (16, 300)] {
            for isLargest in [true, false] {
                let a = rows(count, n, q, &rng, largest: isLargest)
                let b = rows(count, n, q, &rng, largest: isLargest)
                let c = rows(count, n, q, &rng, largest: isLargest)
                let extra = rows(1, n, q, &rng, largest: isLargest)
                let scale = isLargest ? q - 1 : rng.next() % q
                let keys = Buffer(zip(b, c).flatMap { packed($0.array, q) + packed($1.array, q) })
                let pointers = a.map { Optional(UnsafePointer($0.p)) }
                let plain = sums(a, b, q, n: n)
                let added = (0..<n).map { (plain[$0] + mulMod(extra[0].p[$0], scale, q)) % q }
                let second = sums(a, c, q, n: n)
                let out = rows(2, n, q, &rng, largest: true)
                path.run {
                    bsk_packed_keys(
                        &m, out[0].p, out[1].p, pointers, keys.p, count, nil, scale, n)
                    #expect(out[0].array == plain && out[1].array == second, "\(n), \(count)")
                    bsk_packed_keys(
                        &m, out[0].p, out[1].p, pointers, keys.p, count, extra[0].p, scale, n)
                    #expect(out[0].array == added && out[1].array == second, "\(n), \(count)")
                }
                withExtendedLifetime((a, keys, extra)) {}
            }
        }
    }

    @Test(arguments: Path.allCases, testModuli)
    func packedWeights(path: Path, q: UInt64) {
        var rng = SplitMix64(seed: q &+ 1)
        var m = modulus(q)
        for (n, counts) in [(8, [1, 2]), (16, [3]), (64, [16, 1, 5]), (32, [200, 7])] {
            for isLargest in [true, false] {
                let terms = counts.reduce(0, +)
                let w = rows(terms, n, q, &rng, largest: isLargest)
                let x0 = rows(terms, n, q, &rng, largest: isLargest)
                let x1 = rows(terms, n, q, &rng, largest: isLargest)
                let block = min(n, Int(BSK_WEIGHT_BLOCK))
                let weights = Buffer(
                    stride(from: 0, to: n, by: block).flatMap { start in
                        w.flatMap { packed($0.array[start..<start + block], q) }
                    })
                let out0 = rows(counts.count, n, q, &rng, largest: true)
                let out1 = rows(counts.count, n, q, &rng, largest: true)
                path.run {
                    bsk_packed_weights(
                        &m, out0.map { Optional($0.p) }, out1.map { Optional($0.p) }, counts,
                        counts.count, weights.p, x0.map { Optional(UnsafePointer($0.p)) },
                        x1.map { Optional(UnsafePointer($0.p)) }, n, 0)
                    var first = 0
                    for (g, count) in counts.enumerated() {
                        let range = first..<first + count
                        #expect(out0[g].array == sums(w[range], x0[range], q, n: n), "sum \(g)")
                        #expect(out1[g].array == sums(w[range], x1[range], q, n: n), "sum \(g)")
                        first += count
                    }
                }
                withExtendedLifetime((weights, x0, x1)) {}
            }
        }
    }

    /// One block of each weight for all of n.
    @Test(arguments: Path.allCases, testModuli)
    func repeatedWeights(path: Path, q: UInt64) {
        var rng = SplitMix64(seed: q &+ 2)
        var m = modulus(q)
        let block = Int(BSK_WEIGHT_BLOCK)
        for counts in [[3], [1, 2], [20, 1, 5]] {
            let terms = counts.reduce(0, +)
            let n = 4 * block
            let few = rows(terms, block, q, &rng, largest: false)
            let w = few.map { row in Buffer((0..<4).flatMap { _ in row.array }) }
            let x0 = rows(terms, n, q, &rng, largest: false)
            let x1 = rows(terms, n, q, &rng, largest: true)
            let weights = Buffer(few.flatMap { packed($0.array, q) })
            let out0 = rows(counts.count, n, q, &rng, largest: true)
            let out1 = rows(counts.count, n, q, &rng, largest: true)
            path.run {
                bsk_packed_weights(
                    &m, out0.map { Optional($0.p) }, out1.map { Optional($0.p) }, counts,
                    counts.count, weights.p, x0.map { Optional(UnsafePointer($0.p)) },
                    x1.map { Optional(UnsafePointer($0.p)) }, n, 1)
                var first = 0
                for (g, count) in counts.enumerated() {
                    let range = first..<first + count
                    #expect(out0[g].array == sums(w[range], x0[range], q, n: n), "sum \(g)")
                    #expect(out1[g].array == sums(w[range], x1[range], q, n: n), "sum \(g)")
                    first += count
                }
            }
            withExtendedLifetime((weights, x0, x1)) {}
        }
    }

    @Test(arguments: testModuli) func scaleToBits(q: UInt64) {
        var rng = SplitMix64(seed: q)
        var m = modulus(q)
        for bits in [1, 8, Int(m.bits) - 1] {
            let random = (0..<60).map { _ in rng.next() % q }
            let x = Buffer([0, 1, q / 2, q - 1] + random)
            let out = Buffer([UInt64](repeating: .max, count: x.array.count))
            bsk_scale_to_bits(&m, out.p, x.p, UInt32(bits), x.array.count)
            for (input, output) in zip(x.array, out.array) {
                let exact = ((UInt128(input) << UInt128(bits)) + UInt128(q / 2)) / UInt128(q)
                #expect(UInt128(output) == exact % (1 << UInt128(bits)), "\(input), \(bits) bits")
            }
        }
    }
}
