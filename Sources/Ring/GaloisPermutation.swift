// SPDX-License-Identifier: Apache-2.0

/// The automorphism X -> X^element of Z[X]/(X^N+1), as a permutation of NTT values.
package struct GaloisPermutation: Sendable {
    /// Odd, in 1 ..< 2N.
    package let element: Int
    /// New value j is old value `indices[j]`.
    package let indices: [UInt32]

    package init(element: Int, degree: Int) {
        precondition(element & 1 == 1 && element > 0 && element < 2 * degree)
        self.element = element
        let logDegree = degree.trailingZeroBitCount
        indices = (0..<degree).map { j in
            let exponent = 2 * Self.reverse(j, bits: logDegree) + 1
            let image = (exponent &* element) & (2 * degree - 1)
            return UInt32(Self.reverse((image - 1) / 2, bits: logDegree))
        }
    }

    /// The lowest `bits` bits of x in reverse order.
    package static func reverse(_ x: Int, bits: Int) -> Int {
        guard bits > 0 else { return 0 }
        return Int(UInt64(x).bitReversed >> UInt64(64 - bits))
    }
}

extension UInt64 {
    fileprivate var bitReversed: UInt64 {
        var x = byteSwapped
        x = (x & 0x0F0F_0F0F_0F0F_0F0F) << 4 | (x >> 4) & 0x0F0F_0F0F_0F0F_0F0F
        x = (x & 0x3333_3333_3333_3333) << 2 | (x >> 2) & 0x3333_3333_3333_3333
        return (x & 0x5555_5555_5555_5555) << 1 | (x >> 1) & 0x5555_5555_5555_5555
    }
}
