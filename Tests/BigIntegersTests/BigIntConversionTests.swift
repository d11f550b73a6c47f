// SPDX-License-Identifier: Apache-2.0

import BigIntegers
import Testing

@Suite struct BigIntConversionTests {
    private func boundaries<T: FixedWidthInteger>(_ type: T.Type) {
        let (low, high) = (BigInt(T.min), BigInt(T.max))
        #expect(low.description == T.min.description && high.description == T.max.description)
        #expect(T(exactly: low) == T.min && T(exactly: high) == T.max, "\(type)")
        #expect(T(exactly: low - 1) == nil && T(exactly: high + 1) == nil, "\(type)")
        #expect(T(exactly: low + 1) == T.min + 1 && T(exactly: high - 1) == T.max - 1, "\(type)")
        #expect(T(exactly: BigInt(0)) == 0 && T(exactly: BigInt(1)) == 1, "\(type)")
        #expect(T(exactly: BigInt(1) << 500) == nil && T(exactly: -(BigInt(1) << 500)) == nil)
    }

    @Test func exactAtTheBoundaries() {
        boundaries(Int8.self)
        boundaries(UInt8.self)
        boundaries(Int32.self)
        boundaries(UInt32.self)
        boundaries(Int.self)
        boundaries(Int64.self)
        boundaries(UInt64.self)
        boundaries(Int128.self)
        boundaries(UInt128.self)
    }

    @Test(arguments: [1, 2, 3, 52, 53, 54, 63, 64, 65, 128, 1000, 5000])
    func logarithmsAreBounds(n: Int) {
        let power = BigInt(1) << n
        #expect(power.log2Lower == Double(n) && power.log2Upper == Double(n))
        for x in [power - 1, power + 1, power * 3, -power * 5, power + (power >> 1) + 1]
        where x.magnitude > 1 && x.bitLength - 1 != x.trailingZeroBitCount {
            #expect(x.log2Lower < x.log2Upper)
            #expect(x.log2Upper - x.log2Lower < 1e-14 * Double(n + 4))
            // 2^(k log2 x): compare k-th powers with powers of two, exactly.
            let k = 1 << 12
            let bits = x.power(k).bitLength
            #expect(x.log2Upper * Double(k) > Double(bits - 1), "\(x)")
            #expect(x.log2Lower * Double(k) < Double(bits), "\(x)")
        }
    }

    @Test func logarithmBoundsAreSharpAtTheMantissa() {
        // One more than 53 bits of ones: the mantissa is truncated, so a bound without slack would fail.
        let ones = (BigInt(1) << 60) - 1
        #expect(ones.log2Lower < 60 && ones.log2Upper >= 60)
        let above = (BigInt(1) << 60) + 1
        #expect(above.log2Lower <= 60 && above.log2Upper > 60)
        #expect(BigInt(0).log2Upper == -.infinity && BigInt(1).log2Upper == 0)
    }

    @Test func doublesAreTruncated() {
        #expect(BigInt(1 << 53).doubleTowardZero == 0x1p53)
        #expect(((BigInt(1) << 54) - 1).doubleTowardZero == 0x1p54 - 2)
        #expect(BigInt(-5).doubleTowardZero == -5 && BigInt(0).doubleTowardZero == 0)
        #expect((BigInt(1) << 1023).doubleTowardZero == 0x1p1023)
        #expect((BigInt(-1) << 1024).doubleTowardZero == -.infinity)
    }
}
