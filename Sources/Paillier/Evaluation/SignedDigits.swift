// SPDX-License-Identifier: Apache-2.0

import BigIntegers

/// Signed digits of weights: sum of digit 2^position. Variable time in the weights, which are the server's own.
enum SignedDigits {
    struct Digit: Hashable {
        let position: Int
        /// Not 0.
        let value: Int
    }

    /// The bits of |weight|, least significant first.
    private static func bits(_ weight: BigInt) -> [Int] {
        weight.littleEndianBytes.flatMap { byte in (0..<8).map { Int(byte >> UInt8($0)) & 1 } }
    }

    /// Non-adjacent form of a width: digits odd, below 2^(width - 1) in magnitude, one in `width` positions at most.
    static func nonAdjacent(_ weight: BigInt, width: Int) -> [Digit] {
        let bits = bits(weight)
        let sign = weight.isNegative ? -1 : 1
        var digits: [Digit] = []
        var (i, carry) = (0, 0)
        while i < bits.count || carry > 0 {
            let bit = (i < bits.count ? bits[i] : 0) + carry
            if bit & 1 == 0 {
                carry = bit >> 1
                i += 1
                continue
            }
            var value = carry
            for j in 0..<width where i + j < bits.count { value += bits[i + j] << j }
            carry = value >> (width - 1) & 1
            digits.append(Digit(position: i, value: sign * (value - carry << width)))
            i += width
        }
        return digits
    }

    /// Digits at multiples of `width`, in -2^(width - 1) + 1 ... 2^(width - 1).
    static func windows(_ weight: BigInt, width: Int) -> [Digit] {
        let bits = bits(weight)
        let sign = weight.isNegative ? -1 : 1
        var digits: [Digit] = []
        var (i, carry) = (0, 0)
        while i < bits.count || carry > 0 {
            var value = carry
            for j in 0..<width where i + j < bits.count { value += bits[i + j] << j }
            carry = value > 1 << (width - 1) ? 1 : 0
            value -= carry << width
            if value != 0 { digits.append(Digit(position: i, value: sign * value)) }
            i += width
        }
        return digits
    }
}
