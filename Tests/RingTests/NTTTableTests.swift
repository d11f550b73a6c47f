// SPDX-License-Identifier: Apache-2.0

import BigIntegers
import Ring
import TestSupport
import Testing

@Suite struct NTTTableTests {
    /// Index j holds the value at root^(2 bitrev(j) + 1).
    @Test(arguments: RingCase.all) func valuesAreEvaluations(testCase: RingCase) throws {
        var generator = SplitMix64(seed: testCase.seed)
        let basis = try testCase.basis()
        let n = testCase.degree
        let p = basis.random(&generator)
        let values = p.forwardNTT()
        for (i, table) in basis.tables.enumerated() {
            let q = table.value
            let half = ModularArithmetic.power(table.root, UInt64(n), modulo: q)
            #expect(half == q - 1, "the root of \(q) is not primitive")
            let coefficients = p.words(ofLimb: i)
            let found = values.words(ofLimb: i)
            for j in testCase.samples {
                let exponent = 2 * GaloisPermutation.reverse(j, bits: n.trailingZeroBitCount) + 1
                let point = ModularArithmetic.power(table.root, UInt64(exponent), modulo: q)
                let expected = NaiveRing.value(coefficients, at: point, modulo: q)
                #expect(found[j] == expected, "modulus \(q), value \(j)")
            }
        }
    }

    @Test(arguments: RingCase.all) func inverseUndoesForward(testCase: RingCase) throws {
        var generator = SplitMix64(seed: testCase.seed + 1)
        let basis = try testCase.basis()
        let p = basis.random(&generator)
        #expect(p.forwardNTT().inverseNTT().limbs == p.limbs)
        for (limb, q) in zip(p.forwardNTT().limbs, basis.moduli) {
            #expect(limb.allSatisfy { $0 < q }, "modulus \(q)")
        }
        // A constant has the same value everywhere; X has none twice.
        var one = Polynomial<Coefficients>(zero: basis)
        for i in 0..<basis.count { one.mutableLimb(i)[0] = 1 }
        #expect(one.forwardNTT().limbs.allSatisfy { $0.allSatisfy { $0 == 1 } })
        var x = Polynomial<Coefficients>(zero: basis)
        for i in 0..<basis.count { x.mutableLimb(i)[1] = 1 }
        #expect(x.forwardNTT().limbs.allSatisfy { Set($0).count == testCase.degree })
    }

    /// A smaller table's values are those at the odd powers of the root's power.
    @Test(arguments: [2, 4, 64]) func smallerTables(factor: Int) throws {
        var generator = SplitMix64(seed: UInt64(factor))
        let table = try RingCase.large.basis().tables[0].smaller(by: factor)
        let (n, q) = (RingCase.large.degree / factor, table.value)
        #expect(table.degree == n)
        #expect(ModularArithmetic.power(table.root, UInt64(n), modulo: q) == q - 1)
        let coefficients = (0..<n).map { _ in generator.next() % q }
        var values = coefficients
        values.withUnsafeMutableBufferPointer { table.forward($0.baseAddress!) }
        for j in [0, 1, n / 2, n - 1] {
            let exponent = 2 * GaloisPermutation.reverse(j, bits: n.trailingZeroBitCount) + 1
            let point = ModularArithmetic.power(table.root, UInt64(exponent), modulo: q)
            #expect(values[j] == NaiveRing.value(coefficients, at: point, modulo: q))
        }
        values.withUnsafeMutableBufferPointer { table.inverse($0.baseAddress!) }
        #expect(values == coefficients)
    }

    @Test func refusedDegrees() {
        for degree in [-8, 0, 1, 4, 7, 12, 100, 131_072, Int.max, Int.min] {
            #expect(throws: RingError.unsupportedDegree(degree)) {
                try NTTTable(modulus: 12289, degree: degree)
            }
        }
    }

    @Test func refusedModuli() throws {
        let large = try #require(
            Primes.nttPrimes(bits: 51, count: 1, congruentTo1Modulo: 2048).first)
        let composite: UInt64 = 12289 * 18433
        #expect(composite % 2048 == 1)
        // Composite, not 1 mod 2N, too small, even, too large though prime and 1 mod 2N.
        for modulus in [composite, 12287, 0, 1, 2, 257, 1024, 2049, large, .max] {
            #expect(throws: RingError.notAnNTTPrime(modulus, degree: 1024)) {
                try NTTTable(modulus: modulus, degree: 1024)
            }
        }
        // 97 = 1 mod 16, but under 2^10.
        #expect(throws: RingError.notAnNTTPrime(97, degree: 8)) {
            try NTTTable(modulus: 97, degree: 8)
        }
        #expect(try NTTTable(modulus: 12289, degree: 2048).bits == 14)
        #expect(throws: RingError.notAnNTTPrime(12289, degree: 4096)) {
            try NTTTable(modulus: 12289, degree: 4096)
        }
    }

    @Test func refusedBases() throws {
        let a = try NTTTable(modulus: 12289, degree: 16)
        let b = try NTTTable(modulus: 18433, degree: 16)
        let other = try NTTTable(modulus: 18433, degree: 32)
        #expect(throws: RingError.unsupportedDegree(0)) { try RNSBasis(tables: []) }
        #expect(throws: RingError.unsupportedDegree(32)) { try RNSBasis(tables: [a, other]) }
        #expect(throws: RingError.repeatedModulus(12289)) { try RNSBasis(tables: [a, b, a]) }
        let basis = try RNSBasis(tables: [a, b])
        #expect(basis.count == 2 && basis.degree == 16 && basis.moduli == [12289, 18433])
        #expect(basis.product == BigInt(12289 * 18433))
    }

    @Test func errorsSayWhatWasWrong() {
        #expect("\(RingError.unsupportedDegree(12))".contains("12"))
        let error = "\(RingError.notAnNTTPrime(99, degree: 16))"
        #expect(error.contains("99") && error.contains("16") && error.contains("32"))
        #expect("\(RingError.repeatedModulus(12289))".contains("12289"))
    }
}
