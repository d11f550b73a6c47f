// SPDX-License-Identifier: Apache-2.0

import CGMP

#if canImport(Darwin)
    import Darwin
#elseif canImport(Musl)
    import Musl
#else
    import Glibc
#endif

// Bounds, not estimates: certificates are built from them. The C library's log2 is taken to be within 2 units in the
// last place (glibc and Apple state 1); the sum's own rounding is one step more.
extension BigInt {
    /// A number that is at least log2 |self|, by a few units in the last place at most; exact for powers of two;
    /// -infinity for 0.
    package var log2Upper: Double {
        if let exact = exactLog2 { return exact }
        let (mantissa, exponent) = mantissaAndExponent
        // GMP truncates: |self| < (mantissa + 2^-53) 2^exponent.
        let top = mantissa + 0x1p-53
        return (log2(top).nextUp.nextUp + Double(exponent)).nextUp
    }

    /// A number that is at most log2 |self|, by a few units in the last place at most; exact for powers of two;
    /// -infinity for 0.
    package var log2Lower: Double {
        if let exact = exactLog2 { return exact }
        let (mantissa, exponent) = mantissaAndExponent
        return (log2(mantissa).nextDown.nextDown + Double(exponent)).nextDown
    }

    private var exactLog2: Double? {
        if isZero { return -.infinity }
        return trailingZeroBitCount == bitLength - 1 ? Double(bitLength - 1) : nil
    }

    /// |self| = m 2^e for m in [1/2, 1), m truncated to 53 bits.
    private var mantissaAndExponent: (Double, Int) {
        var exponent = 0
        let mantissa = bsg_to_double(&exponent, z)
        return (mantissa.magnitude, exponent)
    }

    /// The nearest double towards zero; infinite beyond 2^1024.
    package var doubleTowardZero: Double {
        if isZero { return 0 }
        var exponent = 0
        let mantissa = bsg_to_double(&exponent, z)
        return exponent > 1024
            ? (isNegative ? -Double.infinity : .infinity) : scalbn(mantissa, exponent)
    }
}
