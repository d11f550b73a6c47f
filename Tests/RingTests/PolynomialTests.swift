// SPDX-License-Identifier: Apache-2.0

import BigIntegers
import Ring
import TestSupport
import Testing

@Suite struct PolynomialTests {
    @Test(arguments: RingCase.all) func productIsNegacyclic(testCase: RingCase) throws {
        var generator = SplitMix64(seed: testCase.seed + 2)
        let basis = try testCase.basis()
        let (a, b) = (basis.random(&generator), basis.random(&generator))
        let c = basis.random(&generator)
        var product = a.forwardNTT()
        product *= b.forwardNTT()
        let found = product.inverseNTT().limbs
        var accumulated = c.forwardNTT()
        accumulated.addProduct(a.forwardNTT(), b.forwardNTT())
        let sum = accumulated.inverseNTT().limbs
        for (i, q) in basis.moduli.enumerated() {
            let (x, y, z) = (a.words(ofLimb: i), b.words(ofLimb: i), c.words(ofLimb: i))
            for k in testCase.samples {
                let expected = NaiveRing.product(x, y, coefficient: k, modulo: q)
                #expect(found[i][k] == expected, "modulus \(q), coefficient \(k)")
                let total = ModularArithmetic.add(expected, z[k], modulo: q)
                #expect(sum[i][k] == total, "addProduct, modulus \(q), coefficient \(k)")
            }
        }
    }

    @Test(arguments: RingCase.all) func linearArithmetic(testCase: RingCase) throws {
        var generator = SplitMix64(seed: testCase.seed + 3)
        let basis = try testCase.basis()
        let (a, b) = (basis.random(&generator), basis.random(&generator))
        var (sum, difference, negated, scaled) = (a, a, a, a)
        sum += b
        difference -= b
        negated.negate()
        let scalars = basis.moduli.map { $0 - 1 - generator.next() % 5 }
        scaled.multiply(byScalars: scalars)
        typealias Mod = ModularArithmetic
        for (i, q) in basis.moduli.enumerated() {
            let (x, y) = (a.words(ofLimb: i), b.words(ofLimb: i))
            #expect(sum.words(ofLimb: i) == zip(x, y).map { Mod.add($0, $1, modulo: q) })
            #expect(
                difference.words(ofLimb: i) == zip(x, y).map { Mod.subtract($0, $1, modulo: q) })
            #expect(negated.words(ofLimb: i) == x.map { Mod.negate($0, modulo: q) })
            #expect(
                scaled.words(ofLimb: i) == x.map { Mod.multiply($0, scalars[i], modulo: q) })
        }
        // Operands that share storage.
        let alias = a
        var twice = a
        twice += alias
        var nothing = a
        nothing -= alias
        #expect(nothing.limbs.allSatisfy { $0.allSatisfy { $0 == 0 } })
        var doubled = a
        doubled.multiply(byScalars: basis.moduli.map { _ in 2 })
        #expect(twice.limbs == doubled.limbs)
    }

    @Test(arguments: RingCase.all) func automorphismsPermuteValues(testCase: RingCase) throws {
        var generator = SplitMix64(seed: testCase.seed + 4)
        let basis = try testCase.basis()
        let n = testCase.degree
        let a = basis.random(&generator)
        let elements =
            n <= 16
            ? Array(stride(from: 1, to: 2 * n, by: 2)) : [1, 3, 5, 9, n - 1, n + 1, 2 * n - 1]
        for k in elements {
            let permutation = GaloisPermutation(element: k, degree: n)
            #expect(Set(permutation.indices).count == n, "k = \(k) is not a permutation")
            let found = a.forwardNTT().permuted(by: permutation).inverseNTT()
            for (i, q) in basis.moduli.enumerated() {
                let expected = NaiveRing.automorphism(a.words(ofLimb: i), k, modulo: q)
                #expect(found.words(ofLimb: i) == expected, "X -> X^\(k) modulo \(q)")
            }
        }
    }

    @Test(arguments: RingCase.all) func signedCoefficients(testCase: RingCase) throws {
        let basis = try testCase.basis()
        var generator = SplitMix64(seed: testCase.seed + 5)
        let limit = (Int64(1) << 62) - 1
        let edges: [Int64] = [0, 1, -1, limit, -limit, 12345]
        let signed = (0..<testCase.degree).map { j in
            j < edges.count ? edges[j] : Int64(bitPattern: generator.next()) >> 2
        }
        let p = Polynomial(signed: signed, basis: basis)
        for (i, q) in basis.moduli.enumerated() {
            let expected = signed.map { BigInt($0).residue(modulo: q) }
            #expect(p.words(ofLimb: i) == expected, "modulus \(q)")
        }
    }

    @Test func copiesAreValues() throws {
        let basis = try RingCase.small[1].basis()
        var generator = SplitMix64(seed: 6)
        let original = basis.random(&generator)
        let before = original.limbs

        var written = original
        #expect(written.storage === original.storage, "a copy without a write moved memory")
        written.mutableLimb(1)[3] ^= 1
        #expect(written.storage !== original.storage)
        #expect(original.limbs == before)
        #expect(written.limbs[0] == before[0] && written.limbs[1] != before[1])

        // Storage of one's own is written in place.
        let place = written.storage.base
        written.negate()
        #expect(written.storage.base == place)

        // Operators and transforms leave other holders alone.
        var sum = original
        sum += original
        let transformed = original.forwardNTT()
        let back = transformed.inverseNTT()
        #expect(original.limbs == before && back.limbs == before)
        #expect(transformed.limbs != before && sum.limbs != before)
        let shared = [original, original]
        var first = shared[0]
        first.negate()
        #expect(shared[0].limbs == before && shared[1].limbs == before)
    }

    @Test func secretBuffersStaySecret() throws {
        let basis = try RingCase.small[1].basis()
        let secret = Polynomial(
            signed: [Int64](repeating: -1, count: 16), basis: basis, isSecret: true)
        var copy = secret
        copy.negate()
        #expect(secret.storage.isSecret && copy.storage.isSecret)
        let values = secret.forwardNTT()
        #expect(values.storage.isSecret)
        let permutation = GaloisPermutation(element: 3, degree: 16)
        #expect(values.permuted(by: permutation).storage.isSecret)
        let smaller = try RNSBasis(tables: Array(basis.tables[..<1]))
        #expect(secret.prefix(smaller).storage.isSecret)
        let shown = secret.asPublic()
        #expect(!shown.storage.isSecret && shown.limbs == secret.limbs)
        #expect(shown.asSecret().storage.isSecret && shown.asSecret().limbs == secret.limbs)
        #expect(shown.asPublic().storage === shown.storage)
    }

    @Test(arguments: RingCase.small) func prefixesKeepTheFirstLimbs(testCase: RingCase) throws {
        var generator = SplitMix64(seed: testCase.seed + 7)
        let basis = try testCase.basis()
        let p = basis.random(&generator)
        let before = p.limbs
        for count in 1...basis.count {
            let smaller = try RNSBasis(tables: Array(basis.tables[..<count]))
            var head = p.prefix(smaller)
            #expect(head.limbCount == count)
            #expect(head.limbs == Array(before[..<count]), "first \(count) limbs")
            head.negate()
            #expect(p.limbs == before, "writing a prefix of \(count) limbs changed the whole")
        }
    }

    @Test func zeroAndAlignment() throws {
        for testCase in RingCase.all {
            let zero = Polynomial<Coefficients>(zero: try testCase.basis())
            #expect(zero.limbs.allSatisfy { $0.allSatisfy { $0 == 0 } })
            #expect(UInt(bitPattern: zero.storage.base) % 64 == 0)
        }
    }
}
