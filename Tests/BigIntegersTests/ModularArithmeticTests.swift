import BigIntegers
import TestSupport
import Testing

@Suite struct ModularArithmeticTests {
    static let moduli: [UInt64] = [1, 2, 3, 12289, (1 << 50) - 27, .max, 1 << 63]

    @Test(arguments: moduli) func agreesWithBigInt(m: UInt64) {
        var generator = SplitMix64(seed: m)
        let M = BigInt(m)
        for _ in 0..<100 {
            let (a, b) = (generator.next() % m, generator.next() % m)
            let (A, B) = (BigInt(a), BigInt(b))
            #expect(BigInt(ModularArithmetic.addMod(a, b, m)) == (A + B).modulo(M), "\(a) \(b)")
            #expect(BigInt(ModularArithmetic.subMod(a, b, m)) == (A - B).modulo(M), "\(a) \(b)")
            #expect(BigInt(ModularArithmetic.negMod(a, m)) == (-A).modulo(M), "\(a)")
            #expect(BigInt(ModularArithmetic.mulMod(a, b, m)) == (A * B).modulo(M), "\(a) \(b)")
            let power = ModularArithmetic.powMod(a, b, m)
            #expect(BigInt(power) == A.powerVariableTime(B, modulus: M), "\(a)^\(b)")
            let inverse = ModularArithmetic.inverseMod(a, m).map { BigInt($0) }
            #expect(inverse == A.inverse(modulo: M), "\(a)")
            let signed = Int64(bitPattern: generator.next())
            #expect(BigInt(ModularArithmetic.reduce(signed, m)) == BigInt(signed).modulo(M))
        }
        #expect(BigInt(ModularArithmetic.reduce(.min, m)) == BigInt(Int64.min).modulo(M))
    }

    @Test func centeredRepresentatives() {
        #expect((0..<6).map { ModularArithmetic.centered($0, 6) } == [0, 1, 2, 3, -2, -1])
        #expect((0..<5).map { ModularArithmetic.centered($0, 5) } == [0, 1, 2, -2, -1])
    }

    @Test(arguments: [(17, 8), (97, 32), (12289, 4096), (65537, 65536), (1_032_193, 16384), (7, 2)])
    func rootsArePrimitiveAndSmallest(p: UInt64, order: UInt64) throws {
        let root = try #require(ModularArithmetic.primitiveRoot(order: order, modulus: p))
        #expect(ModularArithmetic.powMod(root, order / 2, p) == p - 1)
        #expect(
            !(2..<root).contains { ModularArithmetic.powMod($0, order / 2, p) == p - 1 },
            "smaller root than \(root)")
    }

    @Test func noRoots() {
        #expect(ModularArithmetic.primitiveRoot(order: 16, modulus: 13) == nil)
        #expect(ModularArithmetic.primitiveRoot(order: 1, modulus: 13) == 1)
    }
}
