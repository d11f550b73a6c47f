// SPDX-License-Identifier: Apache-2.0

import BFV
import CKernels
import Ring
import Wire

/// Residues packed at a fixed width, least significant bit first.
package enum ResiduePacking {
    /// Bytes of `count` residues of `bits` bits.
    package static func byteCount(_ count: Int, bits: Int) -> Int { (count * bits + 7) / 8 }

    package static func pack(_ words: [UInt64], bits: Int) -> [UInt8] {
        var out = [UInt8](repeating: 0, count: byteCount(words.count, bits: bits))
        bsk_pack(&out, words, UInt32(bits), words.count)
        return out
    }

    /// - Precondition: `bytes` has just the length for `count`.
    package static func unpack(_ bytes: [UInt8], count: Int, bits: Int) -> [UInt64] {
        precondition(bytes.count == byteCount(count, bits: bits))
        var out = [UInt64](repeating: 0, count: count)
        bsk_unpack(&out, bytes, UInt32(bits), count)
        return out
    }

    /// Every limb of a polynomial, at the bit length of its modulus.
    package static func pack(_ polynomial: Polynomial<NTTValues>) -> [UInt8] {
        let n = polynomial.degree
        var out = [UInt8](repeating: 0, count: byteCount(of: polynomial.basis))
        var offset = 0
        withExtendedLifetime(polynomial) {
            out.withUnsafeMutableBufferPointer { buffer in
                for (i, table) in polynomial.basis.tables.enumerated() {
                    bsk_pack(
                        buffer.baseAddress! + offset, polynomial.limb(i), UInt32(table.bits), n)
                    offset += byteCount(n, bits: table.bits)
                }
            }
        }
        return out
    }

    package static func byteCount(of basis: RNSBasis) -> Int {
        basis.tables.reduce(0) { $0 + byteCount(basis.degree, bits: $1.bits) }
    }

    /// A polynomial from `byteCount(of:)` bytes; every residue is checked against its modulus.
    package static func unpack(
        _ bytes: ArraySlice<UInt8>, basis: RNSBasis, what: String
    ) throws -> Polynomial<NTTValues> {
        guard bytes.count == byteCount(of: basis) else {
            throw WireError.wrongCount(
                what + ", bytes", expected: byteCount(of: basis), found: bytes.count)
        }
        let n = basis.degree
        var out = Polynomial<NTTValues>(uninitialized: basis)
        var offset = 0
        for (i, table) in basis.tables.enumerated() {
            let limb = out.mutableLimb(i)
            bytes.withUnsafeBufferPointer {
                bsk_unpack(limb, $0.baseAddress! + offset, UInt32(table.bits), n)
            }
            guard bsk_all_below(limb, table.value, n) == 1 else {
                throw WireError.residueTooLarge(what)
            }
            offset += byteCount(n, bits: table.bits)
        }
        return out
    }
}
