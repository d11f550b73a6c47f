import BigIntegers
import CKernels

/// Residues in Montgomery form (v 2^52 mod q) packed to the bits of their moduli: what is read far more often than written,
/// and waited for.
package final class PackedLimbs: @unchecked Sendable {
    private let storage: LimbBuffer
    private let tables: [NTTTable]
    private let offsets: [Int]

    /// Memory for `countPerLimb` residues, a multiple of 8, modulo each modulus; not initialized.
    package init(countPerLimb: Int, basis: RNSBasis) {
        precondition(countPerLimb % 8 == 0)
        tables = basis.tables
        var bytes = 0
        offsets = basis.tables.map { table in
            defer { bytes += countPerLimb / 8 * table.bits }
            return bytes
        }
        storage = LimbBuffer(count: (bytes + 7) / 8)
    }

    /// Where a limb begins.
    package func limb(_ i: Int) -> UnsafePointer<UInt8> { UnsafePointer(place(i, 0)) }

    /// Writes residues of limb i, from the place of residue `index`; both multiples of 8.
    package func store(
        _ residues: UnsafePointer<UInt64>, count: Int, limb i: Int, at index: Int,
        scratch: UnsafeMutablePointer<UInt64>
    ) {
        let table = tables[i]
        let one = (UInt64(1) << 52) % table.value
        bsk_mul_scalar(table.modulus, scratch, residues, one, count)
        bsk_pack(place(i, index), scratch, UInt32(table.bits), count)
    }

    /// Reads residues back.
    package func load(
        _ residues: UnsafeMutablePointer<UInt64>, count: Int, limb i: Int, at index: Int
    ) {
        let table = tables[i]
        let one = ModularArithmetic.inverse((1 << 52) % table.value, modulo: table.value)!
        bsk_unpack(residues, place(i, index), UInt32(table.bits), count)
        bsk_mul_scalar(table.modulus, residues, residues, one, count)
    }

    private func place(_ i: Int, _ index: Int) -> UnsafeMutablePointer<UInt8> {
        UnsafeMutableRawPointer(storage.base).assumingMemoryBound(to: UInt8.self)
            + offsets[i] + index / 8 * tables[i].bits
    }
}
