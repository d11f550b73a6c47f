// SPDX-License-Identifier: Apache-2.0

import BigIntegers
import Ring
import TestSupport
import Testing

/// Samplers at fixed seeds: what they draw is the same on every machine, so statistical limits can't flicker.
@Suite struct SamplersTests {
    static func source(_ stream: UInt64) throws -> Keystream {
        Keystream(seed: try KeystreamTests.seed(0x5A), stream: stream)
    }

    @Test func ternaryIsUniform() throws {
        var source = try Self.source(1)
        let n = 1 << 16
        let values = Samplers.ternary(degree: n, from: &source).unprotectedValues()
        #expect(values.count == n && values.allSatisfy { abs($0) <= 1 })
        // Each value n / 3 times, within 6 deviations of 121.
        for value in Int64(-1)...1 {
            let count = values.count { $0 == value }
            #expect(abs(count - n / 3) < 726, "\(value): \(count) times")
        }
        // Neighbours are not correlated: a sum of n products of variance 4/9, within 6 deviations of 171.
        let lag = zip(values, values.dropFirst()).reduce(0) { $0 + $1.0 * $1.1 }
        #expect(abs(lag) < 1030, "lag sum \(lag)")
        #expect(Samplers.ternaryVariance == 2.0 / 3.0)
    }

    @Test func errorsAreCenteredBinomial() throws {
        var source = try Self.source(2)
        let n: Int64 = 1 << 16
        let values = Samplers.error(degree: Int(n), from: &source).unprotectedValues()
        #expect(values.count == n && values.allSatisfy { abs($0) <= 21 })
        let sum = values.reduce(0, +)
        let squares = values.reduce(0) { $0 + $1 * $1 }
        let fourths = values.reduce(0) { $0 + $1 * $1 * $1 * $1 }
        #expect(Samplers.errorVariance == 10.5)
        // Within 6 deviations: of the sum sqrt(10.5 n) = 830, of the squares sqrt(215.25 n) = 3756.
        #expect(abs(sum) < 4980, "sum \(sum)")
        #expect(abs(2 * squares - 21 * n) < 2 * 22536, "squares \(squares)")
        // E x^4 = 3 v^2 - v / 2 = 325.5 for 42 half coins of variance v in all.
        #expect(abs(2 * fourths - 651 * n) < 50 * n, "fourths \(fourths)")
        // Small values occur about as often as their mirrors.
        for value in Int64(1)...10 {
            let (up, down) = (values.count { $0 == value }, values.count { $0 == -value })
            #expect(up > 0 && down > 0 && (up - down) * (up - down) < 36 * (up + down), "\(value)")
        }
    }

    @Test(arguments: RingCase.all) func uniformIsBelowEachModulus(testCase: RingCase) throws {
        let basis = try testCase.basis()
        let seed = try KeystreamTests.seed(3)
        let p: Polynomial<NTTValues> = Samplers.uniform(basis: basis, seed: seed, stream: 40)
        for (i, q) in basis.moduli.enumerated() {
            let words = p.words(ofLimb: i)
            #expect(words.allSatisfy { $0 < q }, "modulus \(q)")
            // Its definition: the fields of stream 40 + i, of the modulus's bits, that are below it.
            var source = Keystream(seed: seed, stream: 40 + UInt64(i))
            let bits = q.bitWidthUsed
            let mask = UInt64.max >> UInt64(q.leadingZeroBitCount)
            let stream = KeystreamTests.words(&source, 8 * testCase.degree) + [0]
            let drawn = (0..<8 * testCase.degree * 64 / bits).map { field in
                let (word, shift) = (field * bits / 64, UInt64(field * bits % 64))
                return (stream[word] >> shift | stream[word + 1] << (64 - shift)) & mask
            }
            #expect(words == Array(drawn.filter { $0 < q }.prefix(testCase.degree)), "\(q)")
        }
    }

    @Test func uniformIsUniform() throws {
        let basis = try RingCase.large.basis()
        let seed = try KeystreamTests.seed(4)
        let p: Polynomial<NTTValues> = Samplers.uniform(basis: basis, seed: seed, stream: 0)
        for (i, q) in basis.moduli.enumerated() {
            var counts = [Int](repeating: 0, count: 16)
            for word in p.words(ofLimb: i) {
                counts[Int(q.dividingFullWidth(word.multipliedFullWidth(by: 16)).quotient)] += 1
            }
            // 512 a cell, within 6 deviations.
            #expect(counts.allSatisfy { abs($0 - 512) < 132 }, "modulus \(q): \(counts)")
        }
    }

    @Test func seededExpansionRepeats() throws {
        let basis = try RingCase.small[2].basis()
        let seed = try KeystreamTests.seed(5)
        func expand(_ seed: Seed, _ stream: UInt64) -> [[UInt64]] {
            let p: Polynomial<NTTValues> = Samplers.uniform(
                basis: basis, seed: seed, stream: stream)
            return p.limbs
        }
        let first = expand(seed, 0)
        #expect(expand(seed, 0) == first)
        #expect(expand(try KeystreamTests.seed(6), 0) != first)
        // The digits of a key are 2^16 streams apart: they share nothing.
        let digits = (0..<4).map { expand(seed, UInt64($0) << 16) }
        #expect(Set(digits.flatMap { $0 }).count == 4 * basis.count)
        // Limb i is of stream + i, so a smaller basis expands to the first limbs.
        let smaller = try RNSBasis(tables: Array(basis.tables[..<1]))
        let head: Polynomial<NTTValues> = Samplers.uniform(basis: smaller, seed: seed, stream: 0)
        #expect(head.limbs == [first[0]])
        // The last stream wraps instead of trapping.
        #expect(expand(seed, .max).count == basis.count)
    }

    @Test func errorsAreTheSameInEveryLimb() throws {
        let basis = try RingCase.small[3].basis()
        var (first, second) = (try Self.source(8), try Self.source(8))
        let small = Samplers.error(degree: basis.degree, from: &first)
        let values = small.unprotectedValues()
        let lifted = Samplers.errorNTT(basis: basis, from: &second)
        #expect(lifted.storage.isSecret && small.polynomial(basis: basis).storage.isSecret)
        let coefficients = lifted.inverseNTT()
        for (i, q) in basis.moduli.enumerated() {
            let expected = values.map { ModularArithmetic.reduce($0, modulo: q) }
            #expect(coefficients.words(ofLimb: i) == expected, "modulus \(q)")
        }
    }
}
