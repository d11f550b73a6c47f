// SPDX-License-Identifier: Apache-2.0

import BigIntegers
import Testing

@Suite struct BigIntKnownAnswerTests {
    let answers: KnownAnswers

    init() throws { answers = try KnownAnswers.load() }

    @Test func arithmetic() throws {
        #expect(answers.arithmetic.count >= 70)
        for v in answers.arithmetic {
            let a = try #require(BigInt(v.a))
            let b = try #require(BigInt(v.b))
            let comment: Comment = "a = \(v.a), b = \(v.b)"
            #expect(a.description == v.a, comment)
            #expect(a.text(radix: 16) == v.hex, comment)
            #expect(BigInt(v.hex, radix: 16) == a, comment)
            #expect(BigInt(v.hex.uppercased(), radix: 16) == a, comment)
            #expect((a + b).description == v.sum, comment)
            #expect((a - b).description == v.difference, comment)
            #expect((a * b).description == v.product, comment)
            #expect((a / b).description == v.quotient, comment)
            #expect((a % b).description == v.remainder, comment)
            #expect(a.dividedFloor(by: b).description == v.floor, comment)
            #expect(a.modulo(b.magnitude).description == v.modulo, comment)
            #expect(a.dividedRounded(by: b).description == v.rounded, comment)
            #expect((a << 67).description == v.left, comment)
            #expect((a >> 67).description == v.right, comment)
            #expect(a.bitLength == v.bits, comment)
            #expect(a.greatestCommonDivisor(b).description == v.gcd, comment)
            #expect(a.magnitude.squareRoot().description == v.root, comment)
        }
    }

    @Test func powersAndInverses() throws {
        for v in answers.powers {
            let a = try #require(BigInt(v.a))
            let e = try #require(BigInt(v.e))
            let m = try #require(BigInt(v.m))
            #expect(a.powerVariableTime(e, modulus: m).description == v.power, "\(v)")
            #expect(a.powerConstantTime(e, modulus: m).description == v.power, "\(v)")
            #expect(a.inverse(modulo: m)?.description == v.inverse, "\(v)")
        }
    }

    @Test func mersennePrimes() {
        for p in answers.mersenne.prime {
            #expect(((BigInt(1) << p) - 1).isProbablePrime(rounds: 30), "2^\(p) - 1")
        }
        for p in answers.mersenne.composite {
            #expect(!((BigInt(1) << p) - 1).isProbablePrime(rounds: 30), "2^\(p) - 1")
        }
    }

    @Test func strongPseudoprimesAreComposite() throws {
        for text in answers.pseudoprimes {
            let n = try #require(UInt64(text))
            #expect(!Primes.isPrime(n), "\(n)")
            #expect(!BigInt(n).isProbablePrime(), "\(n)")
        }
    }

    @Test func nttPrimes() throws {
        for v in answers.ntt {
            let expected = try v.primes.map { try #require(UInt64($0)) }
            let all = Primes.nttPrimes(
                bits: v.bits, count: expected.count, congruentTo1Modulo: v.step)
            #expect(all == expected, "\(v)")
        }
    }
}
