// SPDX-License-Identifier: Apache-2.0

import CGMP

extension BigInt: SignedNumeric {
    public typealias Magnitude = BigInt

    /// |self|.
    public var magnitude: BigInt { isNegative ? -self : self }

    public static func + (a: BigInt, b: BigInt) -> BigInt { BigInt { bsg_add($0, a.z, b.z) } }
    public static func - (a: BigInt, b: BigInt) -> BigInt { BigInt { bsg_subtract($0, a.z, b.z) } }
    public static func * (a: BigInt, b: BigInt) -> BigInt {
        checkProduct(a, b)
        return BigInt { bsg_multiply($0, a.z, b.z) }
    }

    public static func += (a: inout BigInt, b: BigInt) { a.update { bsg_add($0, $1, b.z) } }
    public static func -= (a: inout BigInt, b: BigInt) { a.update { bsg_subtract($0, $1, b.z) } }
    public static func *= (a: inout BigInt, b: BigInt) {
        checkProduct(a, b)
        a.update { bsg_multiply($0, $1, b.z) }
    }

    public static prefix func - (a: BigInt) -> BigInt { BigInt { bsg_negate($0, a.z) } }

    /// self += a * b, without a number for the product.
    package mutating func addProduct(_ a: BigInt, _ b: BigInt) {
        BigInt.checkProduct(a, b)
        update { r, old in
            if UnsafePointer(r) != old { bsg_add(r, r, old) }
            bsg_add_product(r, a.z, b.z)
        }
    }

    /// self += a * b, without a number for the product.
    package mutating func addProduct(_ a: BigInt, _ b: UInt64) {
        update { r, old in
            if UnsafePointer(r) != old { bsg_add(r, r, old) }
            bsg_add_product_uint(r, a.z, UInt(b))
        }
    }

    private static func checkProduct(_ a: BigInt, _ b: BigInt) {
        precondition(
            a.bitLength + b.bitLength <= maximumBitLength, "product over 2^32 bits")
    }
}

extension BigInt {
    /// self * 2^count. `count` is at least 0.
    package static func << (a: BigInt, count: Int) -> BigInt {
        checkShift(a, count)
        return BigInt { bsg_shift_left($0, a.z, UInt(count)) }
    }

    package static func <<= (a: inout BigInt, count: Int) {
        checkShift(a, count)
        a.update { bsg_shift_left($0, $1, UInt(count)) }
    }

    /// floor(self / 2^count), as for Swift's integers. `count` is at least 0.
    package static func >> (a: BigInt, count: Int) -> BigInt {
        precondition(count >= 0, "negative shift")
        return BigInt { bsg_shift_right_floor($0, a.z, UInt(count)) }
    }

    package static func >>= (a: inout BigInt, count: Int) {
        precondition(count >= 0, "negative shift")
        a.update { bsg_shift_right_floor($0, $1, UInt(count)) }
    }

    private static func checkShift(_ a: BigInt, _ count: Int) {
        precondition(count >= 0, "negative shift")
        precondition(
            count <= maximumBitLength - a.bitLength || a.isZero, "shifted over 2^32 bits")
    }

    /// self^exponent, 0^0 = 1. `exponent` is at least 0.
    package func power(_ exponent: Int) -> BigInt {
        precondition(exponent >= 0, "negative exponent")
        let (bits, overflow) = bitLength.multipliedReportingOverflow(by: exponent)
        precondition(
            bitLength <= 1 || (!overflow && bits <= BigInt.maximumBitLength), "power over 2^32 bits"
        )
        return BigInt { bsg_power($0, z, UInt(exponent)) }
    }

    /// floor(sqrt(self)), for self >= 0.
    package func squareRoot() -> BigInt {
        precondition(!isNegative, "square root of a negative number")
        return BigInt { bsg_square_root($0, z) }
    }
}
