// SPDX-License-Identifier: Apache-2.0

import CKernels
import TestSupport
import Testing

private struct Transform {
    let q: UInt64
    let n: Int
    let psi: UInt64
    let table: OpaquePointer

    /// The largest (or smallest) prime of this size that has an NTT of length n; nil if none.
    init?(bits: UInt64, logN: UInt32, smallest: Bool = false) {
        let order: UInt64 = 2 << UInt64(logN)
        let prime =
            smallest
            ? smallestPrime(bits: bits, step: order) : largestPrime(bits: bits, step: order)
        guard let prime else { return nil }
        q = prime
        n = 1 << Int(logN)
        psi = primitiveRoot(order: order, q: prime)
        table = bsk_ntt_create(prime, logN, psi)!
    }

    /// The value of x at psi^(2*bitrev(j) + 1), by Horner's rule.
    func value(_ x: [UInt64], at j: Int) -> UInt64 {
        let bits = n.trailingZeroBitCount
        let reversed = (0..<bits).reduce(0) { $0 | (j >> $1 & 1) << (bits - 1 - $1) }
        let point = powMod(psi, UInt64(2 * reversed + 1), q)
        return x.reversed().reduce(0) { (mulMod($0, point, q) + $1) % q }
    }
}

private func negacyclic(_ a: [UInt64], _ b: [UInt64], _ q: UInt64) -> [UInt64] {
    var c = [UInt64](repeating: 0, count: a.count)
    for i in 0..<a.count {
        for j in 0..<b.count {
            let product = mulMod(a[i], b[j], q)
            let k = (i + j) % a.count
            c[k] = i + j < a.count ? (c[k] + product) % q : (c[k] + q - product) % q
        }
    }
    return c
}

private let sizes: [UInt64] = [11, 12, 14, 17, 20, 25, 30, 36, 40, 45, 46, 47, 48, 49, 50]

extension KernelTests {
    @Test(arguments: Path.allCases, sizes)
    func forwardEvaluatesAndInverseReturns(path: Path, bits: UInt64) {
        var rng = SplitMix64(seed: bits)
        for logN in UInt32(3)...16 {
            guard let t = Transform(bits: bits, logN: logN, smallest: logN % 2 == 0) else {
                continue
            }
            defer { bsk_ntt_destroy(t.table) }
            #expect(bsk_ntt_modulus(t.table).pointee.q == t.q)
            for x in [residues(t.n, t.q, &rng), largest(t.n, t.q)] {
                let before = x.array
                let spots = t.n <= 64 ? Array(0..<t.n) : [0, 1, t.n / 2, t.n - 3, t.n - 1]
                path.run {
                    bsk_ntt_forward(t.table, x.p)
                    #expect(x.array.allSatisfy { $0 < t.q })
                    for j in spots {
                        #expect(x.p[j] == t.value(before, at: j), "q \(t.q), n \(t.n), j \(j)")
                    }
                    bsk_ntt_inverse(t.table, x.p)
                    #expect(x.array == before, "q \(t.q), n \(t.n)")
                }
            }
        }
    }

    @Test(arguments: Path.allCases, [UInt32(3), 4, 5, 6, 7, 8])
    func productMatchesNaiveConvolution(path: Path, logN: UInt32) {
        var rng = SplitMix64(seed: UInt64(logN))
        for bits in sizes {
            guard let t = Transform(bits: bits, logN: logN) else { continue }
            defer { bsk_ntt_destroy(t.table) }
            let a = residues(t.n, t.q, &rng)
            let b = residues(t.n, t.q, &rng)
            let expected = negacyclic(a.array, b.array, t.q)
            path.run {
                bsk_ntt_forward(t.table, a.p)
                bsk_ntt_forward(t.table, b.p)
                bsk_mul(bsk_ntt_modulus(t.table), a.p, a.p, b.p, t.n)
                bsk_ntt_inverse(t.table, a.p)
                #expect(a.array == expected, "q \(t.q), n \(t.n)")
            }
        }
    }

    /// The inverse alone, on the largest inputs, against the portable path.
    @Test(arguments: Path.allCases, sizes)
    func inverseMatchesPortable(path: Path, bits: UInt64) {
        var rng = SplitMix64(seed: bits)
        for logN in UInt32(3)...15 {
            guard let t = Transform(bits: bits, logN: logN) else { continue }
            defer { bsk_ntt_destroy(t.table) }
            for x in [residues(t.n, t.q, &rng), largest(t.n, t.q)] {
                let y = Buffer(x.array)
                path.run {
                    bsk_ntt_inverse(t.table, x.p)
                    #expect(bsk_force_path(0) == 0)
                    bsk_ntt_inverse(t.table, y.p)
                    #expect(x.array == y.array, "q \(t.q), n \(t.n)")
                }
            }
        }
    }
}
