// SPDX-License-Identifier: Apache-2.0

import BFV
import BigIntegers
import Foundation
import Lattice
import Oracle
import Testing

/// Short elements of ideals, and the parameters that take or refuse them.
@Suite struct PlaintextModulusTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let degree: Int
        let bits: Int
        let index: Int

        var testDescription: String { "N \(degree), t of \(bits) bits, k \(index)" }

        /// A few primes, so that no property holds by chance.
        func moduli() throws -> [PlaintextModulus] {
            let primes = Primes.nttPrimes(
                bits: bits, count: 12, congruentTo1Modulo: UInt64(2 * degree))
            let found = primes.compactMap {
                PlaintextModulus.ideal(prime: $0, index: index, degree: degree)
            }
            // At large k short vectors are too few for every size of t.
            #expect(!found.isEmpty || index >= 16)
            return Array(found.prefix(3))
        }
    }

    static let cases = [(64, 12), (64, 25), (256, 40), (256, 49), (8192, 17), (8192, 35)]
        .flatMap { degree, bits in
            [2, 4, 8, 16, 32].filter { $0 <= degree / 8 }
                .map { Case(degree: degree, bits: bits, index: $0) }
        }

    @Test(arguments: cases) func idealsAreShort(testCase: Case) throws {
        let k = testCase.index
        for pi in try testCase.moduli() {
            let t = pi.prime
            #expect(pi.index == k && pi.generator.count == k)
            // r: X^(N/k) at the first slot, the smallest primitive 2N-th root of unity.
            let psi = try #require(
                ModularArithmetic.primitiveRoot(ofOrder: UInt64(2 * testCase.degree), modulo: t))
            let r = ModularArithmetic.power(psi, UInt64(testCase.degree / k), modulo: t)
            var power: UInt64 = 1
            var value: UInt64 = 0
            for c in pi.generator {
                let term = ModularArithmetic.multiply(
                    ModularArithmetic.reduce(c, modulo: t), power, modulo: t)
                value = ModularArithmetic.add(value, term, modulo: t)
                power = ModularArithmetic.multiply(power, r, modulo: t)
            }
            #expect(value == 0, "t \(t): not in the ideal")

            // In a ring of degree k, pi is its own coefficients.
            let product =
                BigPolynomial(pi.generator.map { BigInt($0) }) * BigPolynomial(pi.adjoint)
            #expect(product.coefficients[0] == pi.norm, "t \(t)")
            #expect(product.coefficients.dropFirst().allSatisfy { $0.isZero }, "t \(t)")
            #expect(pi.norm == BigInt(t))

            // The geometric mean of the embeddings is the k-th root of the norm: none is shorter.
            let least = exp2(log2(Double(t)) / Double(k))
            let largest = pi.largestEmbedding
            #expect(largest >= least, "t \(t)")
            #expect(largest <= 4 * least, "t \(t): \(largest) for \(least)")
            #expect(pi.coefficientSum >= largest / (1 + 0x1p-20), "t \(t)")
            #expect(pi.coefficientSum <= Double(k) * largest, "t \(t)")
            // A pi of less than 2 at some embedding may be too short to divide by: parameters must refuse it.
            guard pi.reciprocal != nil else {
                #expect(least < 3, "t \(t)")
                #expect(throws: ParameterError.plaintext(t, degree: testCase.degree)) {
                    let q = Primes.nttPrimes(
                        bits: 45, count: 2, congruentTo1Modulo: UInt64(2 * testCase.degree))
                    return try BFVParameters.insecure(
                        degree: testCase.degree, ciphertextModuli: [q[0]], specialModulus: q[1],
                        plaintexts: [pi])
                }
                continue
            }
            try checkReciprocal(pi)
        }
    }

    /// round(2^63 / pi): times pi it is 2^63, up to half of pi's coefficients.
    private func checkReciprocal(_ pi: PlaintextModulus) throws {
        let reciprocal = try #require(pi.reciprocal)
        let product =
            BigPolynomial(pi.generator.map { BigInt($0) })
            * BigPolynomial(reciprocal.map { BigInt($0) })
        let limit = pi.generator.reduce(BigInt(0)) { $0 + BigInt($1).magnitude }
        for (i, c) in product.coefficients.enumerated() {
            let rest = c - (i == 0 ? BigInt(1) << 63 : 0)
            #expect((rest << 1).magnitude <= limit, "t \(pi.prime), coefficient \(i)")
        }
    }

    @Test func indexOneIsThePrime() throws {
        let t: UInt64 = 147457
        let pi = try #require(PlaintextModulus.ideal(prime: t, index: 1, degree: 8192))
        #expect(pi == PlaintextModulus(prime: t))
        #expect(pi.generator == [Int64(t)] && pi.norm == BigInt(t) && pi.adjoint == [1])
        #expect(abs(pi.largestEmbedding / Double(t) - 1) < 1e-6)
        #expect(pi.coefficientSum == Double(t))
    }

    /// The largest of the embeddings by their definition.
    @Test(arguments: cases.filter { $0.degree == 256 }) func embeddings(testCase: Case) throws {
        for pi in try testCase.moduli() {
            let largest = Embedding.norms(pi.generator.map(Double.init)).largest
            #expect(abs(pi.largestEmbedding / largest - 1) < 1e-8, "t \(pi.prime)")
        }
    }

    // MARK: What parameters refuse

    static let (q, p): (UInt64, UInt64) = (65537, 114689)

    private func parameters(_ plaintexts: [PlaintextModulus]) throws -> BFVParameters {
        try .insecure(
            degree: 256, ciphertextModuli: [Self.q], specialModulus: Self.p,
            plaintexts: plaintexts)
    }

    @Test(arguments: [1, 2, 4, 8, 16]) func hostileGenerators(index k: Int) throws {
        let shorter = k == 1 ? 2 : k / 2
        let primes = Primes.nttPrimes(bits: 30, count: 24, congruentTo1Modulo: 512).filter {
            PlaintextModulus.ideal(prime: $0, index: k, degree: 256) != nil
                && PlaintextModulus.ideal(prime: $0, index: shorter, degree: 256) != nil
        }.prefix(2).map { $0 }
        try #require(primes.count == 2)
        let t = primes[0]
        let good = PlaintextModulus.ideal(prime: t, index: k, degree: 256)!
        let second = PlaintextModulus.ideal(prime: primes[1], index: k, degree: 256)!
        let accepted = try parameters([good, second])
        #expect(accepted.slots == SlotShape(degree: 256, index: k))
        #expect(accepted.plaintextModuli == primes)
        func refuses(
            _ generator: [Int64], _ what: Comment, sourceLocation: SourceLocation = #_sourceLocation
        ) {
            #expect(
                throws: ParameterError.plaintext(t, degree: 256), what,
                sourceLocation: sourceLocation
            ) {
                try parameters([PlaintextModulus(prime: t, generator: generator)])
            }
        }
        for i in 0..<k {
            for change: Int64 in [-1, 1] {
                var other = good.generator
                other[i] += change
                refuses(other, "not in the ideal")
            }
        }
        if k > 1 {
            // In an ideal above t, but another one than the slots'.
            var conjugate = good.generator
            for i in stride(from: 1, to: k, by: 2) { conjugate[i] = -conjugate[i] }
            refuses(conjugate, "of another ideal")
        }
        let zeros = [Int64](repeating: 0, count: k - 1)
        refuses([0] + zeros, "zero")
        refuses([1] + zeros, "a unit")
        refuses([], "empty")
        if k > 1 {
            refuses([0] + good.generator, "one more")
            refuses(good.generator + [0], "one more")
        }
        refuses(good.generator.dropLast(), "one less")
        refuses([Int64](repeating: 0, count: 64), "64 zeros")
        refuses(
            good.generator + [Int64](repeating: 0, count: 64 - k), "more than the largest index")
        // In the ideal all the same: multiples of t.
        let huge = Int64(t) << 32
        refuses([huge] + zeros, "huge")
        refuses(zeros + [-huge], "huge")
        refuses([.max] + zeros, "2^63 - 1")
        refuses([.min] + zeros, "-2^63")
        refuses([Int64](repeating: .min, count: k), "all -2^63")
        let other = PlaintextModulus.ideal(prime: primes[1], index: shorter, degree: 256)!
        #expect(throws: ParameterError.plaintext(primes[1], degree: 256)) {
            try parameters([good, other])
        }
        // Not for this degree: N / k must be 8 at least.
        #expect(throws: ParameterError.self) {
            try BFVParameters.insecure(
                degree: 4 * k, ciphertextModuli: [Self.q], specialModulus: Self.p,
                plaintexts: [good])
        }
    }
}
