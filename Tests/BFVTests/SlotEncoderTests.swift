// SPDX-License-Identifier: Apache-2.0

import BFV
import BigIntegers
import Oracle
import Ring
import TestSupport
import Testing

@Suite struct SlotEncoderTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let degree: Int
        let bits: Int

        var testDescription: String { "N \(degree), t of \(bits) bits" }

        func encoder() throws -> SlotEncoder {
            let prime = try #require(
                Primes.nttPrimes(
                    bits: bits, count: 1, congruentTo1Modulo: UInt64(2 * degree)
                ).first)
            return SlotEncoder(table: try NTTTable(modulus: prime, degree: degree))
        }

        func slots(_ generator: inout SplitMix64, below t: UInt64) -> [UInt64] {
            var slots = (0..<degree).map { _ in generator.next() % t }
            slots[0] = t - 1
            slots[degree - 1] = 0
            return slots
        }
    }

    static let cases = [
        Case(degree: 8, bits: 11), Case(degree: 64, bits: 13), Case(degree: 256, bits: 40),
        Case(degree: 8192, bits: 17),
    ]

    @Test(arguments: cases) func roundTrip(testCase: Case) throws {
        let encoder = try testCase.encoder()
        let t = encoder.table.value
        var generator = SplitMix64(seed: t)
        let slots = testCase.slots(&generator, below: t)
        let coefficients = encoder.encode(slots)
        #expect(coefficients.allSatisfy { 2 * $0.magnitude < t })
        let residues = coefficients.map { ModularArithmetic.reduce($0, modulo: t) }
        #expect(encoder.decode(residues) == slots)
        #expect(encoder.slotCount == testCase.degree)
        // Equal slots are a constant polynomial.
        let constant = encoder.encode([UInt64](repeating: 5, count: testCase.degree))
        #expect(constant == [5] + [Int64](repeating: 0, count: testCase.degree - 1))
    }

    @Test(arguments: cases) func productsAndSumsAreSlotwise(testCase: Case) throws {
        let encoder = try testCase.encoder()
        let t = encoder.table.value
        var generator = SplitMix64(seed: t + 1)
        let (x, y) = (
            testCase.slots(&generator, below: t), testCase.slots(&generator, below: t)
        )
        let (a, b) = (BigPolynomial(encoder.encode(x)), BigPolynomial(encoder.encode(y)))
        func decoded(_ p: BigPolynomial) -> [UInt64] {
            encoder.decode(p.coefficients.map { $0.residue(modulo: t) })
        }
        #expect(
            decoded(a * b) == zip(x, y).map { ModularArithmetic.multiply($0, $1, modulo: t) })
        #expect(decoded(a + b) == zip(x, y).map { ModularArithmetic.add($0, $1, modulo: t) })
    }

    /// X -> X^(3^k) moves column i + k to column i in both rows; X -> X^-1 swaps the rows.
    @Test(arguments: cases) func automorphismsMoveSlots(testCase: Case) throws {
        let encoder = try testCase.encoder()
        let t = encoder.table.value
        let n = testCase.degree
        let half = n / 2
        var generator = SplitMix64(seed: t + 2)
        let x = testCase.slots(&generator, below: t)
        let p = BigPolynomial(encoder.encode(x))
        for rotation in [0, 1, 2, half - 1, half, half + 3, -1, -half - 2] {
            for swaps in [false, true] {
                let permutation = SlotPermutation(rotation: rotation, swapsRows: swaps)
                let image = p.automorphism(permutation.galoisElement(degree: n))
                let expected = (0..<n).map { s in
                    let row = swaps ? 1 - s / half : s / half
                    return x[row * half + ((s % half + rotation) % half + half) % half]
                }
                #expect(
                    encoder.decode(image.coefficients.map { $0.residue(modulo: t) }) == expected,
                    "\(permutation)")
                #expect(
                    permutation.isIdentity(degree: n) == (!swaps && rotation % half == 0))
                #expect(
                    permutation.normalized(degree: n).galoisElement(degree: n)
                        == permutation.galoisElement(degree: n))
            }
        }
    }

    @Test func everyPermutationHasItsOwnElement() {
        let n = 64
        let all = (0..<n / 2).flatMap { rotation in
            [false, true].map { SlotPermutation(rotation: rotation, swapsRows: $0) }
        }
        let elements = Set(all.map { $0.galoisElement(degree: n) })
        #expect(elements == Set(stride(from: 1, to: 2 * n, by: 2)))
        #expect(SlotPermutation.swapRows.galoisElement(degree: n) == 2 * n - 1)
        // Composition multiplies.
        for a in all {
            for b in all {
                let both = SlotPermutation(
                    rotation: a.rotation + b.rotation, swapsRows: a.swapsRows != b.swapsRows)
                let product = a.galoisElement(degree: n) * b.galoisElement(degree: n) % (2 * n)
                #expect(both.galoisElement(degree: n) == product)
            }
        }
    }
}
