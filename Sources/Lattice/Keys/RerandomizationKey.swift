// SPDX-License-Identifier: Apache-2.0

import CKernels
import Ring

/// A public key modulo Q_l P: (b, a) with b = -a s + e, a from a public seed. A server adds new encryptions of zero
/// under it to its replies, so that c_1 is not a function of what it was sent and of its weights.
///
/// Encryptions of zero are made modulo Q_l P and divided by P: of their noise the division's rounding is what remains.
package struct RerandomizationKey: Sendable {
    package let level: Int
    /// The public seed of a.
    package let seed: Seed
    package let b: Polynomial<NTTValues>
    package let a: Polynomial<NTTValues>

    package init(level: Int, seed: Seed, b: Polynomial<NTTValues>) {
        self.init(
            level: level, seed: seed, b: b,
            a: Samplers.uniform(basis: b.basis, seed: seed, stream: 0))
    }

    /// For tests, whose a need not be the seed's.
    package init(
        level: Int, seed: Seed, b: Polynomial<NTTValues>, a: Polynomial<NTTValues>
    ) {
        self.level = level
        self.seed = seed
        self.b = b
        self.a = a
    }

    /// - Parameter next: gives so many of the bytes that come next, for as long as it isn't called again: b limb by limb
    ///   (P last), residues packed at the bits of their modulus.
    /// - Returns: nil where a residue is not below its modulus.
    package init?(
        level: Int, seed: Seed, context: LatticeContext,
        next: (_ count: Int) throws -> UnsafePointer<UInt8>
    ) rethrows {
        var b = Polynomial<NTTValues>(uninitialized: context.extendedBasis(level: level))
        for (limb, table) in b.basis.tables.enumerated() {
            let bytes = try next(b.degree / 8 * table.bits)
            let x = b.mutableLimb(limb)
            bsk_unpack(x, bytes, UInt32(table.bits), b.degree)
            guard bsk_all_below(x, table.value, b.degree) == 1 else { return nil }
        }
        self.init(level: level, seed: seed, b: b)
    }

    /// Bytes of b, packed.
    package var packedByteCount: Int { b.basis.tables.reduce(0) { $0 + b.degree / 8 * $1.bits } }

    /// Writes b as `init(level:seed:context:next:)` reads it.
    /// - Parameter packed: room for `packedByteCount` bytes.
    package func pack(into packed: UnsafeMutablePointer<UInt8>) {
        var bytes = packed
        withExtendedLifetime(b) {
            for (limb, table) in b.basis.tables.enumerated() {
                bsk_pack(bytes, b.limb(limb), UInt32(table.bits), b.degree)
                bytes += b.degree / 8 * table.bits
            }
        }
    }

    /// A new key for a level.
    /// - Parameter secret: s modulo Q_l P.
    package static func generate(
        level: Int, seed: Seed, secret: Polynomial<NTTValues>, errors: inout Keystream
    ) -> RerandomizationKey {
        var b = Samplers.errorNTT(basis: secret.basis, from: &errors)
        var mask: Polynomial<NTTValues> = Samplers.uniform(
            basis: secret.basis, seed: seed, stream: 0)
        mask *= secret
        b -= mask
        return RerandomizationKey(level: level, seed: seed, b: b.asPublic())
    }
}
