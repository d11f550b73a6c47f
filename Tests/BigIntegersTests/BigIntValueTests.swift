// SPDX-License-Identifier: Apache-2.0

import BigIntegers
import TestSupport
import Testing

@Suite struct BigIntValueTests {
    @Test func copiesShareStorageUntilOneChanges() {
        let original = BigInt(1) << 300
        var copy = original
        #expect(copy.storageIdentity == original.storageIdentity)
        copy += 1
        #expect(copy.storageIdentity != original.storageIdentity)
        #expect(original == BigInt(1) << 300 && copy == original + 1)
    }

    @Test func uniqueStorageIsChangedInPlace() {
        let base = BigInt(1) << 300
        var value = base + 0
        let identity = value.storageIdentity
        value += 1
        value -= 3
        value <<= 9
        value >>= 4
        value *= 11
        value.addProduct(5, 7 as UInt64)
        value.addProduct(base, base)
        #expect(value.storageIdentity == identity)
        #expect(value == 35 + base * base + 11 * ((base - 2) << 5))
    }

    @Test func operandsMayBeTheSameNumber() {
        var a: BigInt = 123_456_789_012_345_678_901_234_567_890
        let b = a
        a += a
        #expect(a == 2 * b)
        a -= a
        #expect(a == 0 && b == 123_456_789_012_345_678_901_234_567_890)
        a = b
        a *= a
        a.addProduct(a, a)
        #expect(a == b * b + b * b * b * b)
    }

    @Test func equalNumbersHashEqually() {
        let wide = (BigInt(1) << 200) + 5
        let same = (wide << 10) >> 10
        #expect(wide == same && wide.hashValue == same.hashValue)
        #expect(Set([wide, same, -wide, 5, BigInt(5)]).count == 3)
    }

    @Test(arguments: ["", "-", "+", " 1", "1 ", "1_000", "0x10", "--1", "1a", "１", "1\u{0}"])
    func refusesText(text: String) {
        #expect(BigInt(text) == nil)
    }

    @Test func readsText() {
        #expect(BigInt("-0") == 0 && BigInt("+12") == 12 && BigInt("007") == 7)
        #expect(BigInt("zZ", radix: 36) == 35 * 36 + 35 && BigInt("12", radix: 2) == nil)
        #expect((-BigInt(255)).text(radix: 16) == "-ff")
        let long = String(repeating: "9", count: 5000)
        #expect(BigInt(long)?.description == long)
    }

    @Test func literals() {
        let wide: BigInt = -340_282_366_920_938_463_463_374_607_431_768_211_457
        #expect(wide == -((BigInt(1) << 128) + 1))
        let edges: [BigInt] = [
            9_223_372_036_854_775_807, 9_223_372_036_854_775_808, 18_446_744_073_709_551_615,
            18_446_744_073_709_551_616, -9_223_372_036_854_775_808, -9_223_372_036_854_775_809,
            -18_446_744_073_709_551_616,
        ]
        let texts = edges.map(\.description)
        #expect(
            texts == [
                "9223372036854775807", "9223372036854775808", "18446744073709551615",
                "18446744073709551616", "-9223372036854775808", "-9223372036854775809",
                "-18446744073709551616",
            ])
    }

    @Test func bytesGoBothWays() {
        var generator = SplitMix64(seed: 4)
        for count in [0, 1, 7, 8, 9, 16, 33] {
            let bytes = (0..<count).map { _ in UInt8(truncatingIfNeeded: generator.next()) | 1 }
            let value = BigInt(littleEndianBytes: bytes)
            #expect(value.littleEndianBytes == bytes)
            #expect(BigInt(bigEndianBytes: bytes.reversed()) == value)
            #expect(value.bigEndianBytes == bytes.reversed())
            #expect(BigInt(littleEndianBytes: bytes + [0, 0]) == value)
            #expect(value.littleEndianBytes(count: count + 2) == bytes + [0, 0])
            #expect(value.bigEndianBytes(count: count + 2) == [0, 0] + bytes.reversed())
            #expect(value.littleEndianBytes(count: count - 1) == nil)
        }
        #expect(
            BigInt(bigEndianBytes: [1, 0]) == 256 && (-BigInt(256)).littleEndianBytes == [0, 1])
    }
}
