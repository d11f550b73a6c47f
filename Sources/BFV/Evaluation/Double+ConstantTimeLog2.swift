// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

extension Double {
    /// log2 of a positive normal number, within 2^-45. The system's looks values up in a table, at addresses that tell
    /// the first bits of its argument; this is arithmetic only.
    ///
    /// x = m 2^e with m in [1, 2): log2 x = e + 1/2 + log2(m / sqrt 2), and ln(m / sqrt 2) = 2 artanh z with
    /// z = (m - sqrt 2) / (m + sqrt 2), |z| < 0.172. The series stops before z^23 / 23.
    package var constantTimeLog2: Double {
        let exponent = Double(Int64(truncatingIfNeeded: bitPattern >> 52) &- 1023)
        let significand = Double(bitPattern: bitPattern & ((1 << 52) - 1) | 1023 << 52)
        let root = 2.0.squareRoot()
        let z = (significand - root) / (significand + root)
        var sum = 0.0
        for k in stride(from: 21.0, through: 1, by: -2) { sum = sum * (z * z) + 1 / k }
        return exponent + 0.5 + sum * z * 2 / M_LN2
    }
}
