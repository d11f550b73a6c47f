// SPDX-License-Identifier: Apache-2.0

import BigIntegers
import CKernels
import Ring

/// Slots and the polynomials that hold them, for one plaintext modulus.
///
/// With k = 1: the isomorphism between Z_t^N, two rows of N/2 columns, and Z_t[X]/(X^N+1), for a prime
/// t = 1 mod 2N (Smart and Vercauteren, eprint 2011/133). Slot (0, i) is the value at root^(3^i), slot (1, i) the value
/// at root^(-3^i). In the flat order of this type, slot r * N/2 + i is (r, i).
///
/// With k > 1: one row of N/k slots, the values at root^(g^i), where g = -3 for k = 2 and 3^(k/2) beyond: the
/// exponents that are 1 modulo 2k. Polynomials count modulo pi.
package struct SlotEncoder: Sendable {
    package let table: NTTTable
    package let modulus: PlaintextModulus
    /// Index of slot s among the NTT values. Slots are the first N/k of these, and the rest say nothing.
    private let position: [UInt32]
    /// The other way: the slot of each of the first N/k values.
    private let slot: [UInt32]
    private let reciprocal: [Int64]
    /// Of degree N/k: slots are values modulo X^(N/k) - r, with r = X^(N/k) in the slots, and X = c Y makes that
    /// Y^(N/k) + 1.
    private let inner: NTTTable
    /// c^-i, c = root^(1 - k), for the coefficients of Y^i; empty for k = 1, where c is 1.
    private let twist: [UInt64]

    package init(table: NTTTable) {
        self.init(table: table, modulus: PlaintextModulus(prime: table.value))
    }

    /// - Precondition: `modulus` is valid for the table's degree and of its prime.
    package init(table: NTTTable, modulus: PlaintextModulus) {
        precondition(modulus.prime == table.value)
        self.table = table
        self.modulus = modulus
        reciprocal = modulus.reciprocal!
        let n = table.degree
        let logDegree = n.trailingZeroBitCount
        if modulus.index == 1 {
            inner = table
            twist = []
        } else {
            inner = table.smaller(by: modulus.index)
            let step = ModularArithmetic.power(
                table.root, UInt64(modulus.index - 1), modulo: table.value)
            twist = sequence(first: UInt64(1)) {
                ModularArithmetic.multiply($0, step, modulo: table.value)
            }.prefix(inner.degree).map { $0 }
        }
        position = SlotShape(degree: n, index: modulus.index).elements.map {
            UInt32(GaloisPermutation.reverse(($0 - 1) / 2, bits: logDegree))
        }
        // Exponents of slots are 1 modulo 2k: reversed, their halves have no high bits.
        var slot = [UInt32](repeating: 0, count: position.count)
        for (s, index) in position.enumerated() { slot[Int(index)] = UInt32(s) }
        self.slot = slot
    }

    package var slotCount: Int { position.count }

    /// N small coefficients of the polynomial with the given slots, each in [0, t), times `factor`: its
    /// quotient by pi has coefficients in [-1/2, 1/2] (up to 2^-13 more), so for k = 1 they lie in (-t/2, t/2).
    /// Constant time.
    package func encode(_ slots: [UInt64], times factor: UInt64 = 1) -> [Int64] {
        [Int64](unsafeUninitializedCapacity: table.degree) { out, count in
            encode(slots, times: factor, into: out.baseAddress!)
            count = table.degree
        }
    }

    /// The same, into N words.
    package func encode(
        _ slots: [UInt64], times factor: UInt64, into out: UnsafeMutablePointer<Int64>
    ) {
        precondition(slots.count == slotCount)
        let values = LimbBuffer(count: slotCount, isSecret: true)
        bsk_permute(values.base, slots, slot, slotCount)
        encode(values.base, times: factor, into: out)
        withExtendedLifetime(values) {}
    }

    /// The same of integers of any size, times `factor` modulo t. Not constant time: weights are their server's.
    package func encode(
        weights: [Int64], times factor: UInt64, into out: UnsafeMutablePointer<Int64>
    ) {
        precondition(weights.count == slotCount)
        let values = LimbBuffer(count: 2 * slotCount)
        let residues = values.base + slotCount
        if bsk_largest_magnitude(weights, slotCount) < 1 << 62 {
            bsk_reduce_signed(table.modulus, residues, weights, slotCount)
        } else {
            for (i, weight) in weights.enumerated() {
                residues[i] = ModularArithmetic.reduce(weight, modulo: table.value)
            }
        }
        bsk_permute(values.base, residues, slot, slotCount)
        encode(values.base, times: factor, into: out)
        withExtendedLifetime(values) {}
    }

    /// From the first N/k NTT values, which are overwritten.
    private func encode(
        _ values: UnsafeMutablePointer<UInt64>, times factor: UInt64,
        into out: UnsafeMutablePointer<Int64>
    ) {
        inner.inverse(values)
        if !twist.isEmpty { bsk_mul(table.modulus, values, values, twist, slotCount) }
        let scale = factor % table.value
        if scale != 1 { bsk_mul_scalar(table.modulus, values, values, scale, slotCount) }
        // a - pi round(a / pi).
        bsk_reduce_ideal(
            out, values, modulus.generator, reciprocal, modulus.index, slotCount)
    }

    /// What `encode` gives where all slots hold `value`: k coefficients, of the powers of X^(N/k).
    package func encodeShared(_ value: UInt64, times factor: UInt64) -> [Int64] {
        let block = 8
        let k = modulus.index
        var constant = [UInt64](repeating: 0, count: block)
        constant[0] = ModularArithmetic.multiply(value, factor % table.value, modulo: table.value)
        var out = [Int64](repeating: 0, count: block * k)
        bsk_reduce_ideal(&out, constant, modulus.generator, reciprocal, k, block)
        return (0..<k).map { out[$0 * block] }
    }

    /// The slots, in [0, t), of a polynomial with coefficients in [0, t). Constant time.
    package func decode(_ coefficients: [UInt64]) -> [UInt64] {
        precondition(coefficients.count == table.degree)
        let values = LimbBuffer(count: table.degree, isSecret: true)
        values.base.update(from: coefficients, count: table.degree)
        return decode(consuming: values)
    }

    /// The same, of N words that are overwritten.
    package func decode(consuming values: LimbBuffer) -> [UInt64] {
        precondition(values.count == table.degree)
        table.forward(values.base)
        return withExtendedLifetime(values) {
            [UInt64](unsafeUninitializedCapacity: slotCount) { out, count in
                bsk_permute(out.baseAddress!, values.base, position, slotCount)
                count = slotCount
            }
        }
    }
}
