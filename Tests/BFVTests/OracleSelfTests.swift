// SPDX-License-Identifier: Apache-2.0

import BFV
import BigIntegers
import Oracle
import TestSupport
import Testing

/// The oracle by itself, at toy sizes: what the design's algebra says, in integers.
@Suite struct OracleSelfTests {
    @Test(arguments: [1, 2, 8, 32]) func kroneckerIsTheSchoolbookProduct(degree: Int) {
        var generator = SplitMix64(seed: UInt64(degree))
        for bits in [1, 7, 8, 63, 64, 200] {
            let bound = BigInt(1) << bits
            let random = (0..<2).map { _ in
                OracleSampler.uniform(degree: degree, modulus: bound << 1, using: &generator)
                    .map { $0 - bound }
            }
            #expect(
                random[0] * random[1] == random[0].schoolbookProduct(random[1]), "\(bits) bits")
            // Extremes: every digit as large as it can be, with either sign.
            let low = BigPolynomial([BigInt](repeating: -bound, count: degree))
            let high = low.map { -$0 - 1 }
            #expect(low * low == low.schoolbookProduct(low))
            #expect(low * high == low.schoolbookProduct(high))
        }
        let zero = BigPolynomial([Int](repeating: 0, count: degree))
        #expect(zero * zero == zero)
    }

    @Test func automorphismsAreHomomorphisms() {
        var generator = SplitMix64(seed: 3)
        let a = OracleSampler.uniform(degree: 16, modulus: 1000, using: &generator)
        let b = OracleSampler.uniform(degree: 16, modulus: 1000, using: &generator)
        for k in stride(from: 1, to: 32, by: 2) {
            #expect((a * b).automorphism(k) == a.automorphism(k) * b.automorphism(k), "\(k)")
            #expect(a.automorphism(k).automorphism(3) == a.automorphism(3 * k % 32))
        }
        #expect(BigPolynomial([0, 1, 0, 0]).automorphism(7) == BigPolynomial([0, 0, 0, -1]))
    }

    @Test(arguments: [(8, 17), (16, 97), (64, 257)]) func slots(degree: Int, t: UInt64) {
        var generator = SplitMix64(seed: t)
        let encoder = OracleSlots(degree: degree, plaintextModulus: t)
        let a = (0..<degree).map { _ in generator.next() % t }
        let b = (0..<degree).map { _ in generator.next() % t }
        #expect(encoder.decode(encoder.encode(a)) == a)
        let product = encoder.decode(encoder.encode(a) * encoder.encode(b))
        #expect(product == zip(a, b).map { $0 * $1 % t })
        // X -> X^3 moves column i + 1 to column i; X -> X^-1 swaps the rows.
        let half = degree / 2
        let rotated = encoder.decode(encoder.encode(a).automorphism(3))
        #expect(rotated == (0..<degree).map { a[$0 / half * half + ($0 % half + 1) % half] })
        let swapped = encoder.decode(encoder.encode(a).automorphism(2 * degree - 1))
        #expect(swapped == Array(a[half...] + a[..<half]))
    }

    struct Toy: Sendable {
        let bfv: OracleBFV
        let first: BigPolynomial
        let second: BigPolynomial
        var generator: SplitMix64

        init(seed: UInt64) {
            generator = SplitMix64(seed: seed)
            let secret = OracleSampler.ternary(degree: 32, using: &generator)
            bfv = OracleBFV(
                modulus: (BigInt(1) << 90) - 33, plaintextModulus: 257, secret: secret)
            first = OracleSampler.uniform(degree: 32, modulus: 257, using: &generator)
            second = OracleSampler.uniform(degree: 32, modulus: 257, using: &generator)
        }

        func isRight(_ c: OracleCiphertext, _ expected: BigPolynomial, at bfv: OracleBFV) -> Bool {
            bfv.decrypt(c) == expected.modulo(257)
        }
    }

    @Test(arguments: 0..<8 as Range<UInt64>) func textbookOperations(seed: UInt64) {
        var toy = Toy(seed: seed)
        let bfv = toy.bfv
        let (m1, m2) = (toy.first, toy.second)
        let a = bfv.encrypt(m1, using: &toy.generator)
        let b = bfv.encrypt(m2, using: &toy.generator)
        #expect(toy.isRight(a, m1, at: bfv))
        // nu = -Q m mod t + t e, centered parts.
        let fresh = bfv.noise(a)
        #expect(fresh.norm <= 257 * 21 + 128)
        #expect(fresh.modulo(257) == (-bfv.modulus * m1).modulo(257))
        #expect(toy.isRight(bfv.add(a, b), m1 + m2, at: bfv))
        #expect(toy.isRight(bfv.subtract(a, b), m1 - m2, at: bfv))
        #expect(toy.isRight(bfv.negate(a), -m1, at: bfv))
        #expect(toy.isRight(bfv.add(a, plain: m2), m1 + m2, at: bfv))
        #expect(toy.isRight(bfv.multiply(a, plain: m2), m1 * m2, at: bfv))
        let key = bfv.switchingKey(
            from: bfv.secret * bfv.secret, digitBits: 15, using: &toy.generator)
        let product = bfv.multiply(a, b)
        #expect(toy.isRight(product, m1 * m2, at: bfv))
        #expect(toy.isRight(bfv.relinearize(product, with: key), m1 * m2, at: bfv))
        for k in [3, 5, 63] {
            let galois = bfv.switchingKey(
                from: bfv.secret.automorphism(k), digitBits: 20, using: &toy.generator)
            #expect(
                toy.isRight(bfv.automorphism(a, k, with: galois), m1.automorphism(k), at: bfv))
        }
    }

    /// Fresh, switched down, multiplied pointwise: the product times -Q' mod t, with the noise of a BGV product.
    @Test(arguments: 0..<8 as Range<UInt64>) func pointwiseMultiplication(seed: UInt64) {
        var toy = Toy(seed: 100 + seed)
        let bfv = toy.bfv
        let small = bfv.at(modulus: (BigInt(1) << 60) - 93)
        let a = bfv.encrypt(toy.first, using: &toy.generator)
        let b = bfv.encrypt(toy.second, using: &toy.generator)
        let (low1, low2) = (
            bfv.switched(a, to: small.modulus), bfv.switched(b, to: small.modulus)
        )
        #expect(toy.isRight(low1, toy.first, at: small))
        let product = small.multiplyPointwise(low1, low2)
        let expected = -small.modulus * (toy.first * toy.second)
        #expect(toy.isRight(product, expected, at: small))
        // The noise is the product of the noises, exactly: nothing else comes in.
        #expect(small.noise(product) == small.noise(low1) * small.noise(low2))
        // Not switched, at the same Q, both multiplications agree up to the factor.
        #expect(
            toy.isRight(
                bfv.multiplyPointwise(a, b), -bfv.modulus * bfv.decrypt(bfv.multiply(a, b)),
                at: bfv))
    }

    /// Down again after the product: the unit stays that of the multiplication's level.
    @Test func switchingKeepsTheUnit() {
        var toy = Toy(seed: 7)
        let bfv = toy.bfv
        let a = bfv.encrypt(toy.first, using: &toy.generator)
        let product = bfv.multiplyPointwise(a, a)
        let small = bfv.at(modulus: (BigInt(1) << 70) - 35)
        let expected = -bfv.modulus * (toy.first * toy.first)
        #expect(toy.isRight(bfv.switched(product, to: small.modulus), expected, at: small))
    }
}
