// SPDX-License-Identifier: Apache-2.0

import CGMP

/// A signed integer of any size, over GMP.
///
/// A value type: copies share storage until one of them is changed. Storage is wiped on release and on growth,
/// so a number may be a secret; the text and bytes that it gives out are the caller's to wipe.
/// Operations take time that depends on the values, except `powerConstantTime(_:modulus:)`.
public struct BigInt: Sendable {
    private(set) var limbs: Limbs

    /// The largest magnitude that an operation may produce, in bits; beyond it operations trap.
    /// GMP's own limit, 2^37 bits, aborts the process.
    package static let maximumBitLength = 1 << 32

    /// Zero.
    package init() { limbs = Limbs() }

    /// The result of `body`, which writes into a fresh number.
    init(_ body: (UnsafeMutablePointer<bsg_int>) -> Void) {
        limbs = Limbs()
        body(limbs.z)
    }

    var z: UnsafePointer<bsg_int> { UnsafePointer(limbs.z) }

    /// `body(result, operand)`: in place where the storage is ours alone, else into fresh storage.
    /// GMP lets a result be an operand too.
    mutating func update(_ body: (UnsafeMutablePointer<bsg_int>, UnsafePointer<bsg_int>) -> Void) {
        if isKnownUniquelyReferenced(&limbs) {
            body(limbs.z, UnsafePointer(limbs.z))
        } else {
            let fresh = Limbs()
            body(fresh.z, UnsafePointer(limbs.z))
            limbs = fresh
        }
    }

    /// Tells two values that share storage from two that don't (tests of copy on write).
    package var storageIdentity: ObjectIdentifier { ObjectIdentifier(limbs) }
}

extension BigInt {
    /// Whether the value is 0.
    package var isZero: Bool { bsg_sign(z) == 0 }
    /// Whether the value is below 0.
    package var isNegative: Bool { bsg_sign(z) < 0 }
    /// Whether the value is odd.
    package var isOdd: Bool { bsg_bit(z, 0) != 0 }
    /// -1, 0 or 1.
    package func signum() -> Int { Int(bsg_sign(z).signum()) }

    /// The bits of the magnitude: the least n with |self| < 2^n; 0 for 0.
    public var bitLength: Int { isZero ? 0 : bsg_bits(z) }

    /// The number of zero bits below the lowest one; 0 for 0.
    package var trailingZeroBitCount: Int { isZero ? 0 : bsg_trailing_zeros(z) }
}

extension BigInt: Comparable, Hashable {
    public static func == (a: BigInt, b: BigInt) -> Bool {
        a.limbs === b.limbs || bsg_compare(a.z, b.z) == 0
    }

    public static func < (a: BigInt, b: BigInt) -> Bool { bsg_compare(a.z, b.z) < 0 }

    public func hash(into hasher: inout Hasher) {
        hasher.combine(signum())
        for i in 0..<bsg_limb_count(z) { hasher.combine(UInt(bsg_limb(z, i))) }
    }
}
