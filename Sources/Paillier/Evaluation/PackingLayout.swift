// SPDX-License-Identifier: Apache-2.0

import BigIntegers
import Ring

/// Several signed numbers in one plaintext: sum of x_i 2^(slotBits i). Sums and products by integers act on all slots
/// at once, as long as every slot stays within its bits.
package struct PackingLayout: Hashable, Sendable {
    /// Bits of a slot, its sign included: values in -2^(slotBits - 1) ..< 2^(slotBits - 1).
    package let slotBits: Int
    /// Slots in a plaintext.
    package let count: Int

    /// - Throws: `slotOverflow` unless all slots and a guard bit fit a plaintext of the key.
    package init(
        slotBits: Int, count: Int, publicKey: PaillierPublicKey
    ) throws(PaillierError) {
        precondition(slotBits >= 2 && count >= 1, "slots of two bits or more, one or more")
        let available = Self.capacity(publicKey)
        let (needed, overflow) = slotBits.multipliedReportingOverflow(by: count)
        guard !overflow, needed <= available else {
            throw .slotOverflow(needed: overflow ? Int.max : needed, available: available)
        }
        self.slotBits = slotBits
        self.count = count
    }

    /// As many slots as fit: 51 of 40 bits in 2048, 76 in 3072.
    package init(slotBits: Int, publicKey: PaillierPublicKey) throws(PaillierError) {
        let count = Self.capacity(publicKey) / max(slotBits, 1)
        try self.init(slotBits: slotBits, count: max(count, 1), publicKey: publicKey)
    }

    /// Slots in |n| - 2 bits have |sum| < 2^(|n| - 2) <= n / 2.
    private static func capacity(_ key: PaillierPublicKey) -> Int { key.size.bits - 2 }

    /// The bits that slots need for outputs of that size.
    package static func slotBits(outputBound: BigInt) -> Int { outputBound.bitLength + 1 }

    /// - Throws: `slotOverflow` where outputs of that magnitude would leave their slot.
    package func check(outputBound: BigInt) throws(PaillierError) {
        let needed = Self.slotBits(outputBound: outputBound)
        guard needed <= slotBits else {
            throw .slotOverflow(needed: needed, available: slotBits)
        }
    }

    /// One plaintext of `count` numbers, or fewer.
    /// - Throws: `slotOverflow` for a number that no slot takes, `countMismatch` for too many.
    package func pack(_ values: [BigInt]) throws(PaillierError) -> BigInt {
        guard values.count <= count else {
            throw .countMismatch(expected: count, found: values.count)
        }
        let half = BigInt(1) << (slotBits - 1)
        var sum = BigInt()
        for value in values.reversed() {
            guard value < half, value >= -half else {
                throw .slotOverflow(needed: value.bitLength + 1, available: slotBits)
            }
            sum = (sum << slotBits) + value
        }
        return sum
    }

    /// The numbers of all slots.
    package func unpack(_ plaintext: BigInt) -> [BigInt] {
        let modulus = BigInt(1) << slotBits
        let half = BigInt(1) << (slotBits - 1)
        var rest = plaintext
        return (0..<count).map { _ in
            // The representative in -half ..< half; what is borrowed comes from the next slot.
            let value = (rest + half).modulo(modulus) - half
            rest = (rest - value) >> slotBits
            return value
        }
    }

    /// The same number in all slots from `used` on.
    func replicate(_ value: BigInt, after used: Int) -> BigInt {
        (used..<count).reduce(BigInt()) { sum, _ in (sum << slotBits) + value } << (used * slotBits)
    }

    /// Independent uniform numbers, of all that a slot takes, in all slots from `used` on.
    func uniform(after used: Int) -> BigInt {
        let bits = (count - used) * slotBits
        if bits == 0 { return 0 }
        var source = Keystream()
        let words = (bits + 63) / 64
        let random = source.words(words).withWords { BigInt(limbs: $0, count: words) }
        let half = BigInt(1) << (slotBits - 1)
        return random.modulo(BigInt(1) << bits) << (used * slotBits) - replicate(half, after: used)
    }

    /// The same number in every slot: what a bias is for packed samples.
    package func replicate(_ value: BigInt) throws(PaillierError) -> BigInt {
        try pack([BigInt](repeating: value, count: count))
    }
}
