// SPDX-License-Identifier: Apache-2.0

import CKernels
import TestSupport
import Testing

private let lengths = [8, 16, 64, 1024, 8192]

extension KernelTests {
    @Test(arguments: Path.allCases, testModuli)
    func elementwise(path: Path, q: UInt64) {
        var rng = SplitMix64(seed: q)
        var m = modulus(q)
        for n in lengths {
            let a = residues(n, q, &rng)
            let b = n == 16 ? largest(n, q) : residues(n, q, &rng)
            let c = n == 16 ? largest(n, q) : residues(n, q, &rng)
            let out = largest(n, q)
            func check(
                _ name: Comment, _ result: Buffer<UInt64>, _ expected: (Int) -> UInt64
            ) {
                #expect(result.array == (0..<n).map(expected), name)
            }
            path.run {
                bsk_add(&m, out.p, a.p, b.p, n)
                check("add", out) { (a.p[$0] + b.p[$0]) % q }
                bsk_sub(&m, out.p, a.p, b.p, n)
                check("sub", out) { (a.p[$0] + q - b.p[$0]) % q }
                bsk_neg(&m, out.p, a.p, n)
                check("neg", out) { (q - a.p[$0]) % q }
                bsk_mul(&m, out.p, a.p, b.p, n)
                check("mul", out) { mulMod(a.p[$0], b.p[$0], q) }
                bsk_mul(&m, out.p, b.p, c.p, n)
                check("mul", out) { mulMod(b.p[$0], c.p[$0], q) }
                let sum = Buffer(c.array)
                bsk_mul_add(&m, sum.p, a.p, b.p, n)
                check("mul_add", sum) { (c.p[$0] + mulMod(a.p[$0], b.p[$0], q)) % q }
                for s in [0, 1, q - 1, UInt64.random(in: 0..<q, using: &rng)] {
                    bsk_mul_scalar(&m, out.p, a.p, s, n)
                    check("mul_scalar", out) { mulMod(a.p[$0], s, q) }
                    bsk_sub_mul_scalar(&m, out.p, a.p, b.p, s, n)
                    check("sub_mul_scalar", out) {
                        mulMod((a.p[$0] + q - b.p[$0]) % q, s, q)
                    }
                }
                let inPlace = Buffer(a.array)
                bsk_sub(&m, inPlace.p, b.p, inPlace.p, n)
                check("sub in place", inPlace) { (b.p[$0] + q - a.p[$0]) % q }
                bsk_mul(&m, inPlace.p, inPlace.p, inPlace.p, n)
                check("square in place", inPlace) {
                    let d = (b.p[$0] + q - a.p[$0]) % q
                    return mulMod(d, d, q)
                }
            }
        }
    }

    @Test(arguments: Path.allCases, testModuli)
    func tensor(path: Path, q: UInt64) {
        var rng = SplitMix64(seed: q)
        var m = modulus(q)
        for n in lengths {
            let x = (0..<4).map { _ in n == 16 ? largest(n, q) : residues(n, q, &rng) }
            let d = (0..<3).map { _ in largest(n, q) }
            path.run {
                bsk_tensor(&m, d[0].p, d[1].p, d[2].p, x[0].p, x[1].p, x[2].p, x[3].p, n)
                func product(_ a: Int, _ b: Int, _ i: Int) -> UInt64 {
                    mulMod(x[a].p[i], x[2 + b].p[i], q)
                }
                #expect(d[0].array == (0..<n).map { product(0, 0, $0) })
                #expect(d[1].array == (0..<n).map { (product(0, 1, $0) + product(1, 0, $0)) % q })
                #expect(d[2].array == (0..<n).map { product(1, 1, $0) })
            }
            withExtendedLifetime((x, d)) {}
        }
    }

    @Test(arguments: Path.allCases, testModuli)
    func innerProducts(path: Path, q: UInt64) {
        var rng = SplitMix64(seed: q)
        var m = modulus(q)
        for count in [1, 2, 3, 4, 5, 7, 16, 17, 63, 64, 65, 129, 1024] {
            let n = count == 2 ? 8192 : count % 2 == 1 ? 24 : 16
            let rows = (0..<3).map { _ in
                (0..<count).map { _ in
                    count % 4 == 0
                        ? largest(n, q) : count == 2 ? high(n, q, &rng) : residues(n, q, &rng)
                }
            }
            let pointers = rows.map { $0.map { Optional(UnsafePointer($0.p)) } }
            let expected = [1, 2].map { side in
                (0..<n).map { i in
                    (0..<count).reduce(0) {
                        ($0 + mulMod(rows[0][$1].p[i], rows[side][$1].p[i], q)) % q
                    }
                }
            }
            let (out0, out1) = (largest(n, q), largest(n, q))
            path.run {
                bsk_inner_product(&m, out0.p, pointers[0], pointers[1], count, n)
                #expect(out0.array == expected[0], "count \(count)")
                bsk_inner_product(&m, out1.p, pointers[0], pointers[2], count, n)
                #expect(out1.array == expected[1], "count \(count)")
            }
            withExtendedLifetime(rows) {}
        }
    }

    @Test(arguments: Path.allCases, testModuli)
    func permutations(path: Path, q: UInt64) {
        var rng = SplitMix64(seed: q)
        var m = modulus(q)
        for n in lengths {
            let index = Buffer((0..<UInt32(n)).shuffled(using: &rng))
            // Groups of eight, and the values of each group, in any order.
            let groups = Buffer(
                (0..<UInt32(n / 8)).shuffled(using: &rng).flatMap { group in
                    (0..<UInt32(8)).shuffled(using: &rng).map { 8 * group + $0 }
                })
            let (x, acc, out) = (residues(n, q, &rng), residues(n, q, &rng), largest(n, q))
            path.run {
                bsk_permute(out.p, x.p, index.p, n)
                #expect(out.array == index.array.map { x.p[Int($0)] })
                let sum = Buffer(acc.array)
                bsk_automorphism(out.p, x.p, groups.p, n)
                bsk_automorphism_add(&m, sum.p, x.p, groups.p, n)
                let moved = groups.array.map { x.p[Int($0)] }
                #expect(out.array == moved)
                #expect(sum.array == zip(acc.array, moved).map { ($0 + $1) % q })
            }
        }
    }
}
