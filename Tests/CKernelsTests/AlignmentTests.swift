// SPDX-License-Identifier: Apache-2.0

import CKernels
import TestSupport
import Testing

private let n = 1024

extension KernelTests {
    /// Swift arrays begin anywhere: buffers one word past a cache line give the same results.
    @Test(arguments: Path.allCases)
    func unalignedBuffers(path: Path) {
        let q = largestPrime(bits: 49, step: UInt64(2 * n))!
        var (m, small) = (modulus(q), modulus(testModuli[5]))
        let table = bsk_ntt_create(q, 10, primitiveRoot(order: UInt64(2 * n), q: q))!
        defer { bsk_ntt_destroy(table) }
        var rng = SplitMix64(seed: q)
        let index = (0..<UInt32(n / 8)).shuffled(using: &rng).flatMap { group in
            (0..<UInt32(8)).shuffled(using: &rng).map { 8 * group + $0 }
        }
        let inputs = (0..<4).map { _ in residues(n, q, &rng).array }

        var packed = [UInt8](repeating: 0, count: 4 * n / 8 * Int(m.bits))
        bsk_pack(&packed, inputs.flatMap { $0 }, m.bits, 4 * n)

        /// Every kernel that needs whole vectors, on buffers that begin `offset` words late.
        func results(offset: Int) -> [[UInt64]] {
            let pad = [UInt64](repeating: 0, count: offset)
            let x = inputs.map { Buffer(pad + $0) }
            let order = Buffer([UInt32](repeating: 0, count: offset) + index)
            let (a, b, c, d) = (
                x[0].p + offset, x[1].p + offset, x[2].p + offset, x[3].p + offset
            )
            let keys = Buffer([UInt8](repeating: 0, count: offset) + packed)
            let rows: [UnsafePointer<UInt64>?] = [UnsafePointer(a), UnsafePointer(b)]
            let out = (0..<3).map { _ in Buffer(pad + inputs[0]) }
            let o = out.map { $0.p + offset }
            var collected: [[UInt64]] = []
            func collect(_ count: Int = 1) {
                for i in 0..<count { collected.append(Array(out[i].array.dropFirst(offset))) }
            }
            bsk_ntt_forward(table, o[0])
            collect()
            bsk_ntt_inverse(table, o[0])
            collect()
            bsk_add(&m, o[0], a, b, n)
            collect()
            bsk_neg(&m, o[0], a, n)
            collect()
            bsk_mul_add(&m, o[0], a, b, n)
            collect()
            bsk_sub_mul_scalar(&m, o[0], a, b, 3, n)
            collect()
            bsk_inner_product(&m, o[0], rows, rows, 2, n)
            collect()
            bsk_packed_keys(&m, o[0], o[1], rows, keys.p + offset, 2, a, 3, n)
            collect(2)
            bsk_tensor(&m, o[0], o[1], o[2], a, b, c, d, n)
            collect(3)
            bsk_automorphism_add(&m, o[0], a, order.p + offset, n)
            collect()
            bsk_lift_centered(&m, &small, o[0], a, n)
            collect()
            bsk_balanced_digit(&m, &small, o[0], a, 20, 3, 1, n)
            collect()
            withExtendedLifetime((x, order, keys, out)) {}
            return collected
        }
        path.run { #expect(results(offset: 1) == results(offset: 0)) }
    }
}
