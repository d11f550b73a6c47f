// SPDX-License-Identifier: Apache-2.0

import BigIntegers
import CKernels

/// Residues in Montgomery form (v 2^52 mod q) packed to the bits of their moduli: what is read far more often than
/// written, and waited for.
package final class PackedLimbs: @unchecked Sendable {
    private struct Limb {
        let table: NTTTable
        /// Where it begins, in bytes.
        let offset: Int
        /// 2^52 mod q.
        let one: UInt64
    }

    /// Residues that are converted at once: they stay in the first-level cache.
    private static let run = 1024

    private let storage: LimbBuffer
    private let limbs: [Limb]

    /// Memory for `countPerLimb` residues, a multiple of 8, modulo each modulus; not initialized.
    package convenience init(countPerLimb: Int, basis: RNSBasis) {
        self.init(countPerLimb: countPerLimb, tables: basis.tables)
    }

    package init(countPerLimb: Int, tables: [NTTTable]) {
        precondition(countPerLimb % 8 == 0)
        var bytes = 0
        limbs = tables.map { table in
            defer { bytes += countPerLimb / 8 * table.bits }
            return Limb(table: table, offset: bytes, one: (1 << 52) % table.value)
        }
        storage = LimbBuffer(count: (bytes + 7) / 8)
    }

    /// Where a limb begins.
    package func limb(_ i: Int) -> UnsafePointer<UInt8> { UnsafePointer(place(limbs[i], 0)) }

    /// Writes residues of limb i, from the place of residue `index`; both multiples of 8.
    package func store(
        _ residues: UnsafePointer<UInt64>, count: Int, limb i: Int, at index: Int
    ) {
        pack(residues, count: count, limbs[i], into: place(limbs[i], index))
    }

    /// Writes residues of limb i that are in Montgomery form already.
    package func store(
        montgomery residues: UnsafePointer<UInt64>, count: Int, limb i: Int, at index: Int
    ) {
        bsk_pack(place(limbs[i], index), residues, UInt32(limbs[i].table.bits), count)
    }

    /// Writes residues of limb i that come as they lie here: in Montgomery form, packed at the bits of the modulus.
    ///
    /// - Returns: whether all are below the modulus; what is written is of no use otherwise.
    package func store(
        packed bytes: UnsafePointer<UInt8>, count: Int, limb i: Int, at index: Int
    ) -> Bool {
        let limb = limbs[i]
        let bits = limb.table.bits
        var isBelow: Int32 = 1
        Self.eachRun(of: count) { start, count, scratch in
            bsk_unpack(scratch, bytes + start / 8 * bits, UInt32(bits), count)
            isBelow &= bsk_all_below(scratch, limb.table.value, count)
        }
        place(limb, index).update(from: bytes, count: count / 8 * bits)
        return isBelow == 1
    }

    /// Writes several polynomials' residues of limb i, `count` of each, by turns a block of each.
    ///
    /// - Parameters:
    ///   - block: a multiple of 8 that divides `count`.
    ///   - index: where the first block goes.
    ///   - stride: from a polynomial's block to its next one.
    ///   - residues: those of a polynomial, in turn.
    package func interleave(
        _ polynomials: Int, count: Int, block: Int, limb i: Int, at index: Int, stride: Int,
        residues: (Int) -> UnsafePointer<UInt64>
    ) {
        let limb = limbs[i]
        let bits = limb.table.bits
        let bytes = count / 8 * bits
        let packed = LimbBuffer(count: (polynomials * bytes + 7) / 8)
        let from = UnsafeMutableRawPointer(packed.base).assumingMemoryBound(to: UInt8.self)
        for polynomial in 0..<polynomials {
            pack(residues(polynomial), count: count, limb, into: from + polynomial * bytes)
        }
        let (size, step) = (block / 8 * bits, stride / 8 * bits)
        let to = place(limb, index)
        for number in 0..<count / block {
            for polynomial in 0..<polynomials {
                (to + number * step + polynomial * size).update(
                    from: from + polynomial * bytes + number * size, count: size)
            }
        }
        withExtendedLifetime(packed) {}
    }

    /// Reads residues back.
    package func load(
        _ residues: UnsafeMutablePointer<UInt64>, count: Int, limb i: Int, at index: Int
    ) {
        let limb = limbs[i]
        let inverse = ModularArithmetic.inverse(limb.one, modulo: limb.table.value)!
        bsk_unpack(residues, place(limb, index), UInt32(limb.table.bits), count)
        bsk_mul_scalar(limb.table.modulus, residues, residues, inverse, count)
    }

    /// Reads residues back as `store(packed:count:limb:at:)` takes them.
    package func load(
        packed bytes: UnsafeMutablePointer<UInt8>, count: Int, limb i: Int, at index: Int
    ) {
        bytes.update(from: place(limbs[i], index), count: count / 8 * limbs[i].table.bits)
    }

    private func pack(
        _ residues: UnsafePointer<UInt64>, count: Int, _ limb: Limb,
        into bytes: UnsafeMutablePointer<UInt8>
    ) {
        let bits = limb.table.bits
        Self.eachRun(of: count) { start, count, scratch in
            bsk_mul_scalar(limb.table.modulus, scratch, residues + start, limb.one, count)
            bsk_pack(bytes + start / 8 * bits, scratch, UInt32(bits), count)
        }
    }

    /// body(where it begins, how many, memory for as many words) for each run of `count`.
    private static func eachRun(
        of count: Int, _ body: (Int, Int, UnsafeMutablePointer<UInt64>) -> Void
    ) {
        withUnsafeTemporaryAllocation(
            byteCount: min(count, run) * 8, alignment: 64
        ) { memory in
            let scratch = memory.bindMemory(to: UInt64.self).baseAddress!
            for start in stride(from: 0, to: count, by: run) {
                body(start, min(run, count - start), scratch)
            }
        }
    }

    private func place(_ limb: Limb, _ index: Int) -> UnsafeMutablePointer<UInt8> {
        UnsafeMutableRawPointer(storage.base).assumingMemoryBound(to: UInt8.self)
            + limb.offset + index / 8 * limb.table.bits
    }
}
