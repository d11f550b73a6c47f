import BigIntegers
import CKernels
import Ring

/// The isomorphism between Z_t^N ("slots", two rows of N/2 columns) and Z_t[X]/(X^N+1), for a prime
/// t = 1 mod 2N (Smart and Vercauteren, eprint 2011/133).
///
/// Slot (0, i) is the value at root^(3^i), slot (1, i) the value at root^(-3^i). In the flat order
/// of this type, slot r * N/2 + i is (r, i).
package struct SlotEncoder: Sendable {
    package let table: NTTTable
    /// Index of slot s among the NTT values.
    private let position: [Int]

    package init(table: NTTTable) {
        self.table = table
        let n = table.degree
        let logDegree = n.trailingZeroBitCount
        var indices = [Int](repeating: 0, count: n)
        var power = 1
        for i in 0..<n / 2 {
            indices[i] = GaloisPermutation.reverse((power - 1) / 2, bits: logDegree)
            indices[n / 2 + i] = GaloisPermutation.reverse(
                (2 * n - power - 1) / 2, bits: logDegree)
            power = power * 3 & (2 * n - 1)
        }
        position = indices
    }

    package var slotCount: Int { table.degree }

    /// Coefficients in (-t/2, t/2) of the polynomial with the given slots, each in [0, t).
    package func encode(_ slots: [UInt64]) -> [Int64] {
        precondition(slots.count == slotCount)
        let values = LimbBuffer(count: slotCount, isSecret: true)
        for (slot, value) in slots.enumerated() { values.base[position[slot]] = value }
        table.inverse(values.base)
        var out = [Int64](repeating: 0, count: slotCount)
        bsk_center(table.modulus, &out, values.base, slotCount)
        return out
    }

    /// The slots, in [0, t), of a polynomial with coefficients in [0, t).
    package func decode(_ coefficients: [UInt64]) -> [UInt64] {
        precondition(coefficients.count == slotCount)
        let values = LimbBuffer(count: slotCount, isSecret: true)
        values.base.update(from: coefficients, count: slotCount)
        table.forward(values.base)
        return position.map { values.base[$0] }
    }
}
