// SPDX-License-Identifier: Apache-2.0

import BigIntegers
import TestSupport
import Testing

@Suite struct ModularArithmeticTests {
    static let moduli: [UInt64] = [1, 2, 3, 12289, (1 << 50) - 27, .max, 1 << 63]

    @Test(arguments: moduli) func agreesWithBigInt(m: UInt64) {
        var generator = SplitMix64(seed: m)
        let modulus = BigInt(m)
        for _ in 0..<100 {
            let (a, b) = (generator.next() % m, generator.next() % m)
            let (x, y) = (BigInt(a), BigInt(b))
            #expect(
                BigInt(ModularArithmetic.add(a, b, modulo: m)) == (x + y).modulo(modulus),
                "\(a) \(b)")
            #expect(
                BigInt(ModularArithmetic.subtract(a, b, modulo: m)) == (x - y).modulo(modulus),
                "\(a) \(b)")
            #expect(BigInt(ModularArithmetic.negate(a, modulo: m)) == (-x).modulo(modulus), "\(a)")
            #expect(
                BigInt(ModularArithmetic.multiply(a, b, modulo: m)) == (x * y).modulo(modulus),
                "\(a) \(b)")
            let power = ModularArithmetic.power(a, b, modulo: m)
            #expect(BigInt(power) == x.powerVariableTime(y, modulus: modulus), "\(a)^\(b)")
            let inverse = ModularArithmetic.inverse(a, modulo: m).map { BigInt($0) }
            #expect(inverse == x.inverse(modulo: modulus), "\(a)")
            let signed = Int64(bitPattern: generator.next())
            #expect(
                BigInt(ModularArithmetic.reduce(signed, modulo: m))
                    == BigInt(signed).modulo(modulus))
        }
        #expect(
            BigInt(ModularArithmetic.reduce(.min, modulo: m)) == BigInt(Int64.min).modulo(modulus))
    }

    @Test func centeredRepresentatives() {
        #expect((0..<6).map { ModularArithmetic.centered($0, modulo: 6) } == [0, 1, 2, 3, -2, -1])
        #expect((0..<5).map { ModularArithmetic.centered($0, modulo: 5) } == [0, 1, 2, -2, -1])
    }

    @Test(arguments: [(17, 8), (97, 32), (12289, 4096), (65537, 65536), (1_032_193, 16384), (7, 2)])
    func rootsArePrimitiveAndSmallest(p: UInt64, order: UInt64) throws {
        let root = try #require(ModularArithmetic.primitiveRoot(ofOrder: order, modulo: p))
        #expect(ModularArithmetic.power(root, order / 2, modulo: p) == p - 1)
        #expect(
            !(2..<root).contains { ModularArithmetic.power($0, order / 2, modulo: p) == p - 1 },
            "smaller root than \(root)")
    }

    @Test func noRoots() {
        #expect(ModularArithmetic.primitiveRoot(ofOrder: 16, modulo: 13) == nil)
        #expect(ModularArithmetic.primitiveRoot(ofOrder: 1, modulo: 13) == 1)
    }
}
