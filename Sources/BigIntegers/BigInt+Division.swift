// SPDX-License-Identifier: Apache-2.0

import CGMP

// Divisors of 0 are a programmer's mistake and trap, as for Swift's integers.
extension BigInt {
    /// self = quotient * divisor + remainder, truncating: the remainder has the sign of self.
    package func quotientAndRemainder(
        dividingBy divisor: BigInt
    ) -> (quotient: BigInt, remainder: BigInt) {
        precondition(!divisor.isZero, "division by zero")
        let quotient = BigInt()
        let remainder = BigInt { bsg_divide(quotient.limbs.z, $0, z, divisor.z) }
        return (quotient, remainder)
    }

    /// Truncating, as for Swift's integers.
    public static func / (a: BigInt, b: BigInt) -> BigInt {
        a.quotientAndRemainder(dividingBy: b).quotient
    }

    /// The remainder of the truncating division: it has the sign of a. See `modulo(_:)`.
    public static func % (a: BigInt, b: BigInt) -> BigInt {
        a.quotientAndRemainder(dividingBy: b).remainder
    }

    package static func /= (a: inout BigInt, b: BigInt) { a = a / b }
    package static func %= (a: inout BigInt, b: BigInt) { a = a % b }

    /// floor(self / divisor).
    package func dividedFloor(by divisor: BigInt) -> BigInt {
        precondition(!divisor.isZero, "division by zero")
        return BigInt { bsg_divide_floor($0, z, divisor.z) }
    }

    /// self / divisor rounded to the nearest integer, ties away from zero: 5/2 gives 3, -5/2 gives -3.
    package func dividedRounded(by divisor: BigInt) -> BigInt {
        precondition(!divisor.isZero, "division by zero")
        // round(|a| / |b|) = floor((2 |a| + |b|) / (2 |b|)), then the sign.
        let d = divisor.magnitude
        let q = ((magnitude << 1) + d).dividedFloor(by: d << 1)
        return isNegative != divisor.isNegative ? -q : q
    }

    /// The residue of self in 0..<modulus. `modulus` is above 0.
    package func modulo(_ modulus: BigInt) -> BigInt {
        precondition(modulus.signum() > 0, "modulus must be positive")
        return BigInt { bsg_modulo($0, z, modulus.z) }
    }

    /// The residue of self in 0..<modulus. `modulus` is above 0.
    package func residue(modulo modulus: UInt64) -> UInt64 {
        precondition(modulus > 0, "modulus must be positive")
        return UInt64(bsg_modulo_uint(z, UInt(modulus)))
    }

    /// The residue of self in (-modulus/2, modulus/2]. `modulus` is above 0.
    package func centered(modulo modulus: BigInt) -> BigInt {
        let r = self.modulo(modulus)
        return r << 1 > modulus ? r - modulus : r
    }
}

extension BigInt {
    /// self^exponent mod modulus, in 0..<modulus. The running time tells of the exponent: public exponents only.
    /// `exponent` is at least 0, `modulus` above 0.
    package func powerVariableTime(_ exponent: BigInt, modulus: BigInt) -> BigInt {
        precondition(!exponent.isNegative, "negative exponent")
        precondition(modulus.signum() > 0, "modulus must be positive")
        return BigInt { bsg_power_modulo($0, z, exponent.z, modulus.z) }
    }

    /// self^exponent mod modulus, in 0..<modulus. Time and memory accesses depend on the operands' limb counts only
    /// (GMP's mpz_powm_sec). `exponent` is at least 0, `modulus` odd and above 0.
    package func powerConstantTime(_ exponent: BigInt, modulus: BigInt) -> BigInt {
        precondition(!exponent.isNegative, "negative exponent")
        precondition(modulus.signum() > 0 && modulus.isOdd, "modulus must be odd and positive")
        return BigInt { bsg_power_modulo_secret($0, z, exponent.z, modulus.z) }
    }

    /// The inverse in 0..<modulus, or nil where self and modulus share a factor. `modulus` is above 0.
    package func inverse(modulo modulus: BigInt) -> BigInt? {
        precondition(modulus.signum() > 0, "modulus must be positive")
        if modulus == 1 { return 0 }
        var exists: Int32 = 0
        let inverse = BigInt { exists = bsg_invert($0, z, modulus.z) }
        return exists != 0 ? inverse : nil
    }

    /// At least 0; gcd(0, 0) = 0.
    package func greatestCommonDivisor(_ other: BigInt) -> BigInt {
        BigInt { bsg_gcd($0, z, other.z) }
    }

    /// False for composites, but with probability under 4^-rounds for those that survive the Baillie-PSW test,
    /// of which none is known; true for primes. `rounds` of Miller-Rabin beyond GMP's 24 are added to it.
    package func isProbablePrime(rounds: Int = 40) -> Bool {
        precondition(rounds >= 1 && rounds <= 1 << 20, "rounds must be in 1...2^20")
        return signum() > 0 && bsg_probable_prime(z, Int32(rounds)) != 0
    }
}
