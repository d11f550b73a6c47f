// SPDX-License-Identifier: Apache-2.0

import BigIntegers
import TestSupport
import Testing

@Suite struct BigIntArithmeticTests {
    /// Numbers around the limb boundaries and at random.
    static func samples(seed: UInt64) -> [Int128] {
        var generator = SplitMix64(seed: seed)
        let edges: [Int128] = [
            0, 1, -1, 2, 3, -7, 1 << 31, 1 << 32, (1 << 62), -(1 << 62), 1 << 63, (1 << 63) - 1,
            -(1 << 63), 1 - (1 << 63), 1 << 64, (1 << 64) - 1, -(1 << 64), -(1 << 64) - 1,
        ]
        let random = (0..<20).map { i -> Int128 in
            let word = Int128(Int64(bitPattern: generator.next()))
            return word >> Int128(3 * i)
        }
        return edges + random
    }

    /// Products of two samples fit 130 bits; halve them to stay within Int128.
    @Test func agreesWithSwiftsWideIntegers() {
        let all = Self.samples(seed: 1)
        for a in all {
            for b in all {
                let (x, y) = (BigInt(a), BigInt(b))
                #expect(x + y == BigInt(a + b), "\(a) + \(b)")
                #expect(x - y == BigInt(a - b), "\(a) - \(b)")
                let (product, overflow) = a.multipliedReportingOverflow(by: b)
                if !overflow { #expect(x * y == BigInt(product), "\(a) * \(b)") }
                if b != 0 {
                    let (q, r) = x.quotientAndRemainder(dividingBy: y)
                    #expect(q == BigInt(a / b) && r == BigInt(a % b), "\(a) / \(b)")
                }
                #expect((x < y) == (a < b) && (x == y) == (a == b), "\(a) < \(b)")
            }
        }
    }

    @Test func laws() {
        let all = Self.samples(seed: 2).map { BigInt($0) * BigInt($0) * 3 - BigInt($0) }
        for (i, a) in all.enumerated() {
            let b = all[(i + 7) % all.count]
            let c = all[(i + 19) % all.count]
            #expect((a + b) * c == a * c + b * c, "\(a) \(b) \(c)")
            #expect(a - b == -(b - a) && a + (-a) == 0)
            var sum = a
            sum += b
            var difference = a
            difference -= b
            var product = a
            product *= b
            #expect(sum == a + b && difference == a - b && product == a * b)
            var fused = a
            fused.addProduct(b, c)
            #expect(fused == a + b * c)
            let word = c.residue(modulo: .max)
            fused = a
            fused.addProduct(b, word)
            #expect(fused == a + b * BigInt(word))
            if !c.isZero {
                let m = c.magnitude
                #expect(a.modulo(m) >= 0 && a.modulo(m) < m)
                #expect(a.dividedFloor(by: m) * m + a.modulo(m) == a)
                let centered = a.centered(modulo: m)
                #expect(centered << 1 <= m && centered << 1 > -m)
                #expect((a - centered).modulo(m).isZero)
                let rounded = a.dividedRounded(by: c)
                #expect((rounded * c - a).magnitude << 1 <= m)
            }
        }
    }

    @Test(arguments: [(5, 2, 3), (-5, 2, -3), (5, -2, -3), (-5, -2, 3), (4, 3, 1), (-4, 3, -1)])
    func roundsTiesAwayFromZero(a: Int, b: Int, expected: Int) {
        #expect(BigInt(a).dividedRounded(by: BigInt(b)) == BigInt(expected))
    }

    @Test func shiftsAreFloors() {
        for a in Self.samples(seed: 3) {
            for count in [0, 1, 5, 63, 64, 65, 126, 200] {
                let right = count < 128 ? a >> Int128(count) : (a < 0 ? -1 : 0)
                #expect(BigInt(a) >> count == BigInt(right), "\(a) >> \(count)")
                #expect((BigInt(a) << count) >> count == BigInt(a), "\(a) << \(count)")
                var inPlace = BigInt(a)
                inPlace <<= count
                #expect(inPlace == BigInt(a) * BigInt(2).power(count))
                inPlace >>= count
                #expect(inPlace == BigInt(a))
            }
        }
    }

    @Test(arguments: [1, 2, 31, 32, 63, 64, 65, 127, 128, 1000, 4096])
    func bitLengthsAtPowersOfTwo(n: Int) {
        let power = BigInt(1) << n
        #expect(power.bitLength == n + 1)
        #expect((power - 1).bitLength == n)
        #expect((-power).bitLength == n + 1)
        #expect((1 - power).bitLength == n)
        #expect(power.trailingZeroBitCount == n && (power - 1).trailingZeroBitCount == 0)
    }

    @Test func zero() {
        let zero = BigInt()
        #expect(zero.bitLength == 0 && zero.isZero && !zero.isNegative && zero.signum() == 0)
        #expect(-zero == zero && zero.magnitude == 0 && zero.description == "0")
        #expect(zero.trailingZeroBitCount == 0 && zero.squareRoot() == 0)
        #expect(BigInt(0).power(0) == 1 && BigInt(7).power(0) == 1 && BigInt(-2).power(3) == -8)
        #expect(zero.greatestCommonDivisor(0) == 0)
    }

    @Test func modularEdges() {
        #expect(BigInt(3).inverse(modulo: 9) == nil && BigInt(0).inverse(modulo: 7) == nil)
        #expect(BigInt(5).inverse(modulo: 1) == 0)
        #expect(BigInt(-2).inverse(modulo: 7) == 3)
        #expect(BigInt(5).powerConstantTime(0, modulus: 7) == 1)
        #expect(BigInt(5).powerConstantTime(0, modulus: 1) == 0)
        #expect(BigInt(5).powerVariableTime(0, modulus: 1) == 0)
        #expect(BigInt(-1).residue(modulo: .max) == UInt64.max - 1)
        #expect(BigInt(8).centered(modulo: 16) == 8 && BigInt(9).centered(modulo: 16) == -7)
    }
}
