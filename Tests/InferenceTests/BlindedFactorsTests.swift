// SPDX-License-Identifier: Apache-2.0

import BFV
import BigIntegers
import Inference
import InferenceClient
import IntegerNetworks
import Ring
import TestSupport
import Testing

/// The last product of trees, left to the client.
@Suite struct BlindedFactorsTests {
    private static let slots = 8

    /// Two pairs on eight slots, of which six are of two outputs.
    private static func blinded(_ modulus: NTTTable) -> BlindedFactors {
        BlindedFactors(
            count: 4, constants: (0..<UInt64(slots)).map { $0 },
            layout: SlotLayout(features: [0, 0, 1, 1, 1, 0, -1, -1]), modulus: modulus)
    }

    /// What a client is given of factors: each with its pad, and the last value.
    private static func given(
        _ factors: [[UInt64]], _ blinded: BlindedFactors, _ t: UInt64
    ) -> (pads: [[UInt64]], last: [UInt64]) {
        let multipliers = blinded.multipliers
        let pads = zip(factors, blinded.pads).map {
            zip($0, $1).map { ModularArithmetic.add($0, $1, modulo: t) }
        }
        let last = (0..<slots).map { slot in
            factors.indices.reduce(blinded.constants[slot]) {
                ModularArithmetic.add(
                    $0,
                    ModularArithmetic.multiply(
                        factors[$1][slot], multipliers[$1][slot], modulo: t), modulo: t)
            }
        }
        return (pads, last)
    }

    private static func differences(
        _ given: (pads: [[UInt64]], last: [UInt64]), _ t: UInt64
    ) -> [UInt64] {
        (0..<slots).map { slot in
            let products = [0, 2].reduce(UInt64(0)) {
                ModularArithmetic.add(
                    $0,
                    ModularArithmetic.multiply(
                        given.pads[$1][slot], given.pads[$1 + 1][slot], modulo: t), modulo: t)
            }
            return ModularArithmetic.subtract(products, given.last[slot], modulo: t)
        }
    }

    /// Each output's sum is right, whatever pads are drawn; no single product is.
    @Test func onlySumsAreTold() throws {
        let table = try NTTTable(modulus: 1153, degree: 8)
        let t = table.value
        var generator = SplitMix64(seed: 4)
        let factors = (0..<4).map { _ in
            (0..<Self.slots).map { _ in UInt64.random(in: 0..<t, using: &generator) }
        }
        // Products less the constants that are taken off.
        let products = (0..<Self.slots).map { slot in
            (factors[0][slot] * factors[1][slot] + factors[2][slot] * factors[3][slot] + t
                - UInt64(slot)) % t
        }
        var seen = [Set<UInt64>](repeating: [], count: Self.slots)
        for _ in 0..<400 {
            let found = Self.differences(Self.given(factors, Self.blinded(table), t), t)
            for output in [[0, 1, 5], [2, 3, 4]] {
                let sum = output.reduce(UInt64(0)) { $0 + found[$1] } % t
                #expect(sum == output.reduce(UInt64(0)) { $0 + products[$1] } % t)
            }
            for slot in seen.indices { seen[slot].insert(found[slot]) }
        }
        // Of 1153 values, about 338 are seen in 400 draws.
        #expect(seen.allSatisfy { $0.count > 250 })
    }

    /// Of two sets of factors with the same sums, what is given has one distribution: of every slot, each sixteenth of
    /// the values comes up as often, within six deviations; the positive control, pads left out, tells them apart at once.
    @Test func factorsOfEqualSumsLookAlike() throws {
        let table = try NTTTable(modulus: 1153, degree: 8)
        let t = table.value
        let first = (0..<4).map { factor in
            (0..<Self.slots).map { slot -> UInt64 in UInt64(211 * slot + 70 * factor + 1) % t }
        }
        var second = first
        // 0 and 1 of one output: products exchanged.
        for factor in second.indices { second[factor].swapAt(0, 1) }
        let rounds = 6000
        func counts(_ factors: [[UInt64]], isBlinded: Bool) -> [[Int]] {
            var counts = [[Int]](
                repeating: [Int](repeating: 0, count: 16), count: 5 * Self.slots)
            for _ in 0..<rounds {
                let blinded = Self.blinded(table)
                let given = Self.given(factors, blinded, t)
                let shown = isBlinded ? given.pads : factors
                for (place, value) in (shown.flatMap { $0 } + given.last).enumerated() {
                    counts[place][Int(value * 16 / t)] += 1
                }
            }
            return counts
        }
        let expected = Double(rounds) / 16
        func isUniform(_ counts: [[Int]]) -> Bool {
            counts.allSatisfy { place in
                place.allSatisfy { abs(Double($0) - expected) < 6 * expected.squareRoot() }
            }
        }
        #expect(isUniform(counts(first, isBlinded: true)))
        #expect(isUniform(counts(second, isBlinded: true)))
        #expect(!isUniform(counts(first, isBlinded: false)))
    }

    /// The polynomial is zero but where all terms are met, for every number of them; there it is its divisors' product,
    /// times what a cell is worth where that is a factor.
    @Test(arguments: 1...24, [false, true]) func polynomials(degree: Int, isWeighed: Bool) {
        let polynomial = ForestPolynomial(degree: degree, isWeighed: isWeighed)
        #expect(polynomial.factors.count == (degree == 1 && !isWeighed ? 1 : 2))
        for unmet in 0...degree {
            let worth = BigInt(1009)
            var values = [BigInt(2 * unmet - degree - 1)] + (isWeighed ? [worth] : [])
            func value(_ operand: ForestPolynomial.Operand) -> BigInt {
                values[operand.value] + BigInt(operand.constant)
            }
            for product in polynomial.products {
                values.append(value(product.left) * value(product.right))
            }
            let found = polynomial.factors.reduce(BigInt(1)) { $0 * value($1) }
            let expected =
                unmet == 0
                ? polynomial.divisors.reduce(isWeighed ? worth : BigInt(1)) { $0 * BigInt($1) }
                : BigInt(0)
            #expect(found == expected, "\(unmet) of \(degree)")
        }
        let depth = polynomial.products.map(\.depth).max() ?? 0
        // One level is the client's.
        #expect(depth <= max(0, Forest.depth(degree: degree + (isWeighed ? 1 : 0)) - 1))
        #expect(
            zip(polynomial.products, polynomial.products.dropFirst())
                .allSatisfy { $0.depth <= $1.depth })
    }
}
