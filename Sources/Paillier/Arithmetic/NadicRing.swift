// SPDX-License-Identifier: Apache-2.0

import BigIntegers
import CGMP
import CKernels
import Ring

/// The integers mod n^2, for an odd n, each as a0 + a1 n in Montgomery form: docs/Paillier.md.
///
/// A number is `stride` words at a pointer. With AVX-512 IFMA they are digits of 52 bits, R = 2^(52 k), and eight
/// independent products are made at a time; else they are limbs of 64 bits, R = 2^(64 k), by GMP. Which it is is
/// settled when the ring is made. Products take constant time; what is said to be variable time isn't for secrets.
package final class NadicRing: @unchecked Sendable {
    /// n.
    package let modulus: BigInt
    /// n^2.
    package let square: BigInt
    /// R.
    package let radix: BigInt
    /// Whether numbers mod n^2 are wiped.
    package let isSecret: Bool
    /// Whether eight products are made at a time.
    package let usesLanes: Bool
    /// Words of a number.
    package let stride: Int
    /// Limbs of 64 bits of n.
    package let limbs: Int
    /// Digits or limbs of a coordinate.
    let digits: Int

    let lanes: UnsafeMutablePointer<bsk_nadic>
    let scalar: bsg_nadic
    private let constants: LimbBuffer

    /// For tests: what rings of this task use, in place of the path in use.
    @TaskLocal package static var forcedLanes: Bool?

    /// - Parameters:
    ///   - modulus: n, odd, at least 2^64, of 4150 bits at most with lanes.
    ///   - isSecret: for a factor of a public modulus, and for masks: what is computed is wiped.
    ///   - sharing: a ring of the same modulus that numbers are exchanged with.
    package init(modulus n: BigInt, isSecret: Bool, sharing other: NadicRing? = nil) {
        precondition(n.isOdd && n.bitLength > 64)
        modulus = n
        square = n * n
        self.isSecret = isSecret
        limbs = (n.bitLength + 63) / 64
        let wantsLanes =
            other?.usesLanes ?? Self.forcedLanes ?? (bsk_nadic_available() != 0)
        let k = wantsLanes ? bsk_nadic_digits(n.bitLength) : 0
        usesLanes = k > 0
        digits = usesLanes ? k : limbs
        stride = usesLanes ? bsk_nadic_stride(k) : 2 * limbs
        radix = BigInt(1) << (usesLanes ? 52 * k : 64 * limbs)
        let bias = (1 - radix).modulo(n)

        constants = LimbBuffer(count: 2 * max(digits, limbs), isSecret: isSecret)
        n.copyLimbs(to: constants.base, count: limbs)
        bias.copyLimbs(to: constants.base + limbs, count: limbs)
        scalar = bsg_nadic(
            k: limbs, is_secret: isSecret ? 1 : 0,
            inverse: bsg_negated_inverse(UInt(constants.base[0])),
            n: UnsafeRawPointer(constants.base).assumingMemoryBound(to: UInt.self),
            bias: UnsafeRawPointer(constants.base + limbs).assumingMemoryBound(to: UInt.self))

        lanes = .allocate(capacity: 1)
        lanes.initialize(to: bsk_nadic())
        guard usesLanes else { return }
        let both = LimbBuffer(count: 2 * k, isSecret: isSecret)
        for (i, value) in [n, bias].enumerated() {
            NadicRing.withPadded(limbs: limbs, digits: k, isSecret: isSecret) { padded in
                value.copyLimbs(to: padded, count: limbs)
                bsk_unpack(
                    both.base + i * k, UnsafeRawPointer(padded).assumingMemoryBound(to: UInt8.self),
                    52, k)
            }
        }
        withExtendedLifetime(both) { bsk_nadic_init(lanes, k, both.base, both.base + k) }
    }

    deinit {
        bsk_wipe(lanes, MemoryLayout<bsk_nadic>.size)
        lanes.deallocate()
    }

    /// Zeroed words that hold a number of k digits of 52 bits, packed, and more than `limbs`.
    static func withPadded<R>(
        limbs: Int, digits: Int, isSecret: Bool, _ body: (UnsafeMutablePointer<UInt64>) -> R
    ) -> R {
        withUnsafeTemporaryAllocation(
            of: UInt64.self, capacity: max(limbs + 1, (52 * digits + 63) / 64 + 1)
        ) { buffer in
            buffer.initialize(repeating: 0)
            defer { if isSecret { bsk_wipe(buffer.baseAddress!, buffer.count * 8) } }
            return body(buffer.baseAddress!)
        }
    }
}
