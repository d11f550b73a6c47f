// SPDX-License-Identifier: Apache-2.0

import BFV
import BigIntegers
import Oracle
import Ring
import TestSupport
import Testing

/// Slots of plaintext moduli of index k > 1: one row of N/k.
@Suite struct IdealEncoderTests {
    typealias Case = PlaintextModulusTests.Case

    static let cases = [
        Case(degree: 16, bits: 11, index: 2), Case(degree: 64, bits: 25, index: 4),
        Case(degree: 64, bits: 12, index: 8), Case(degree: 256, bits: 49, index: 2),
        Case(degree: 256, bits: 40, index: 16),
        Case(degree: 8192, bits: 35, index: 4),
    ]

    private func encoder(_ testCase: Case) throws -> SlotEncoder {
        let modulus = try testCase.moduli()[0]
        return SlotEncoder(
            table: try NTTTable(modulus: modulus.prime, degree: testCase.degree), modulus: modulus)
    }

    private func slots(_ encoder: SlotEncoder, seed: UInt64) -> [UInt64] {
        let t = encoder.table.value
        var generator = SplitMix64(seed: t + seed)
        var slots = (0..<encoder.slotCount).map { _ in generator.next() % t }
        slots[0] = t - 1
        slots[slots.count - 1] = 0
        return slots
    }

    private func decoded(_ p: BigPolynomial, _ encoder: SlotEncoder) -> [UInt64] {
        encoder.decode(p.coefficients.map { $0.residue(modulo: encoder.table.value) })
    }

    /// p / pi has coefficients within 1/2 + 2^-13, by integers.
    private func isReduced(_ p: BigPolynomial, _ encoder: SlotEncoder) -> Bool {
        let adjoint = encoder.modulus.adjoint
        let step = p.degree / adjoint.count
        var spread = [BigInt](repeating: BigInt(0), count: p.degree)
        for (i, c) in adjoint.enumerated() { spread[i * step] = c }
        let limit = encoder.modulus.norm * BigInt((1 << 12) + 1)
        return (p * BigPolynomial(spread)).coefficients
            .allSatisfy { ($0 << 13).magnitude <= limit }
    }

    @Test(arguments: cases) func roundTrip(testCase: Case) throws {
        let encoder = try encoder(testCase)
        let t = encoder.table.value
        #expect(encoder.slotCount == testCase.degree / testCase.index)
        let x = slots(encoder, seed: 0)
        let extremes = [x, x.map { _ in t - 1 }, x.map { _ in t / 2 }, x.map { _ in 0 }]
        for slots in extremes {
            let p = BigPolynomial(encoder.encode(slots))
            #expect(decoded(p, encoder) == slots)
            #expect(isReduced(p, encoder))
        }
        // Equal slots are a constant modulo pi.
        let five = BigPolynomial(encoder.encode(x.map { _ in 5 }))
        let constant = BigPolynomial([5] + [Int](repeating: 0, count: testCase.degree - 1))
        #expect(encoder.modulus.divides(five - constant) || !encoder.modulus.hasPrimeNorm)
        // A factor.
        for factor in [1, 3, t - 1] {
            let p = BigPolynomial(encoder.encode(x, times: factor))
            let expected = x.map { ModularArithmetic.multiply($0, factor, modulo: t) }
            #expect(decoded(p, encoder) == expected)
            #expect(isReduced(p, encoder))
        }
    }

    /// Weights of any size and sign are the slots that they are congruent to.
    @Test(arguments: cases + [Case(degree: 64, bits: 30, index: 1)])
    func weightsAreReduced(testCase: Case) throws {
        let encoder = try encoder(testCase)
        let t = encoder.table.value
        var generator = SplitMix64(seed: t)
        let small = (0..<encoder.slotCount).map { _ in Int64(generator.next() % 512) - 256 }
        var large = small
        large[0] = .min
        large[1] = .max
        large[2] = 1 << 62
        for weights in [small, large] {
            for factor in [1, 7, t - 1] {
                var found = [Int64](repeating: 0, count: testCase.degree)
                encoder.encode(weights: weights, times: factor, into: &found)
                let slots = weights.map { ModularArithmetic.reduce($0, modulo: t) }
                #expect(found == encoder.encode(slots, times: factor))
            }
        }
    }

    @Test(arguments: cases) func productsAndSumsAreSlotwise(testCase: Case) throws {
        let encoder = try encoder(testCase)
        let t = encoder.table.value
        let (x, y) = (slots(encoder, seed: 1), slots(encoder, seed: 2))
        let (a, b) = (BigPolynomial(encoder.encode(x)), BigPolynomial(encoder.encode(y)))
        #expect(
            decoded(a * b, encoder)
                == zip(x, y).map { ModularArithmetic.multiply($0, $1, modulo: t) })
        #expect(
            decoded(a + b, encoder) == zip(x, y).map { ModularArithmetic.add($0, $1, modulo: t) })
        // Multiples of pi are zero in the slots.
        let zero = a * encoder.modulus.polynomial(degree: testCase.degree)
        #expect(decoded(zero, encoder).allSatisfy { $0 == 0 })
    }

    /// The automorphism of rotation(c) brings slot i + c to slot i, and keeps pi.
    @Test(arguments: cases) func automorphismsMoveSlots(testCase: Case) throws {
        let encoder = try encoder(testCase)
        let n = testCase.degree
        let shape = SlotShape(degree: n, index: testCase.index)
        let count = encoder.slotCount
        #expect(shape.slotCount == count && shape.rows == 1 && shape.columns == count)
        let x = slots(encoder, seed: 3)
        let p = BigPolynomial(encoder.encode(x))
        let pi = encoder.modulus.polynomial(degree: n)
        for rotation in [0, 1, 2, count / 2, count - 1, count, count + 3, -1, -count - 2] {
            let permutation = shape.rotation(rotation)
            let element = permutation.galoisElement(degree: n)
            #expect(element % (2 * testCase.index) == 1)
            #expect(pi.automorphism(element) == pi)
            let sources = (0..<count).map { ($0 + rotation % count + count) % count }
            #expect(
                decoded(p.automorphism(element), encoder) == sources.map { x[$0] },
                "by \(rotation)")
            #expect((0..<count).map { shape.source(of: $0, under: permutation) } == sources)
            #expect(permutation.isIdentity(degree: n) == (rotation % count == 0))
        }
    }

    /// Rotations are all permutations that move these slots among themselves; of the others `SlotShape` knows it.
    @Test(arguments: [1, 2, 4, 8, 16]) func rotationsAreAllThereAre(index: Int) {
        let n = 128
        let shape = SlotShape(degree: n, index: index)
        var elements = Set((0..<shape.columns).map { shape.rotation($0).galoisElement(degree: n) })
        #expect(elements.count == shape.columns)
        if index == 1 { elements.formUnion(elements.map { 2 * n - $0 }) }
        #expect(
            elements == Set(stride(from: 1, to: 2 * n, by: 2).filter { $0 % (2 * index) == 1 })
                || index == 1)
        #expect(elements.count == shape.slotCount)
        for rotation in 0..<n / 2 {
            for swaps in [false, true] {
                let permutation = SlotPermutation(rotation: rotation, swapsRows: swaps)
                let stays = elements.contains(permutation.galoisElement(degree: n))
                #expect((shape.source(of: 1, under: permutation) != nil) == stays)
            }
        }
    }

    @Test(arguments: cases) func naiveSlotsAgree(testCase: Case) throws {
        let encoder = try encoder(testCase)
        let naive = OracleSlots(
            degree: testCase.degree, plaintextModulus: encoder.table.value, index: testCase.index)
        let x = slots(encoder, seed: 4)
        let p = BigPolynomial(encoder.encode(x))
        #expect(naive.points.count == encoder.slotCount)
        guard testCase.degree <= 256 else {
            for slot in [0, 1, 2, encoder.slotCount / 2, encoder.slotCount - 1] {
                #expect(naive.slot(slot, of: p) == x[slot], "slot \(slot)")
            }
            return
        }
        #expect(naive.decode(p) == x)
        let other = naive.encode(x)
        #expect(decoded(other, encoder) == x)
        #expect(encoder.modulus.divides(p - other) || !encoder.modulus.hasPrimeNorm)
        #expect(p != other, "the naive encoding is not short")
    }
}
