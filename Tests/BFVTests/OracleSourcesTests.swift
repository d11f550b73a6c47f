// SPDX-License-Identifier: Apache-2.0

import BFV
import Lattice
import TestSupport
import Testing

/// Linear maps of several ciphertexts, against slots in the open and decryption by the oracle.
@Suite struct OracleSourcesTests {
    /// A map of two ciphertexts, and of the second alone; with rotations and without.
    @Test(arguments: OracleCase.all) func linearMapsOfSeveralSources(testCase: OracleCase) throws {
        var bench = try OracleBench(testCase, seed: 18, needsKeys: true)
        let identity = SlotPermutation(rotation: 0)
        let p = bench.permutations
        let count = testCase.plaintextBits.count
        let shapes: [(babies: [BabyStep], giants: [SlotPermutation])] = [
            (
                [
                    BabyStep(source: 0, permutation: identity), BabyStep(permutation: p[0]),
                    BabyStep(source: 1, permutation: p[0]), BabyStep(source: 1, permutation: p[1]),
                    BabyStep(source: 2, permutation: identity),
                ], [identity, p[2]]
            ),
            ((0..<3).map { BabyStep(source: $0, permutation: identity) }, [identity]),
            ([BabyStep(source: 2, permutation: p[3])], [identity]),
            ([BabyStep(source: 1, permutation: identity)], [p[1], identity]),
            ([BabyStep(source: 0, permutation: p[0])], [identity]),
            ([], []),
        ]
        for level in bench.levels where level > 1 {
            let x = (0..<3).map { _ in (0..<count).map { bench.slots($0) } }
            let sources = x.map { slots in
                slots.enumerated().map {
                    bench.encryptor.encrypt(slots: $1, plaintextIndex: $0, level: level)
                }
            }
            for (number, shape) in shapes.enumerated() {
                let factors = (0..<count).map { index in
                    shape.giants.map { _ in shape.babies.map { _ in bench.slots(index) } }
                }
                let transforms = (0..<count).map { index in
                    bench.context.encodeTransform(
                        babies: shape.babies,
                        giants: shape.giants.enumerated().map { g, giant in
                            (giant, shape.babies.indices.map { ($0, factors[index][g][$0]) })
                        }, plaintextIndex: index, level: level)
                }
                let mapped = try bench.evaluator.apply(transforms, to: sources)
                #expect(mapped.count == count)
                for index in 0..<count {
                    let t = bench.t(index)
                    func sum(_ a: [UInt64], _ b: [UInt64]) -> [UInt64] {
                        zip(a, b).map { ($0 + $1) % t }
                    }
                    var expected = [UInt64](repeating: 0, count: bench.slotCount)
                    for (g, giant) in shape.giants.enumerated() {
                        var inner = [UInt64](repeating: 0, count: bench.slotCount)
                        for (b, baby) in shape.babies.enumerated() {
                            let moved = bench.permuted(x[baby.source][index], baby.permutation)
                            inner = sum(inner, bench.product(moved, factors[index][g][b], index))
                        }
                        expected = sum(expected, bench.permuted(inner, giant))
                    }
                    let comment: Comment = "level \(level), map \(number), t \(index)"
                    #expect(mapped[index].plaintextIndex == index, comment)
                    #expect(bench.oracleSlots(mapped[index]) == expected, comment)
                    #expect(bench.fastSlots(mapped[index]) == expected, comment)
                }
            }
        }
    }

    /// Too few sources, sources of other moduli or levels.
    @Test func sourcesThatDoNotFit() throws {
        var bench = try OracleBench(OracleCase.ideals[0], seed: 19, needsKeys: true)
        let top = bench.context.maximumLevel
        let identity = SlotPermutation(rotation: 0)
        let transforms = [0, 1].map { index in
            bench.context.encodeTransform(
                babies: [0, 1].map { BabyStep(source: $0, permutation: identity) },
                giants: [(identity, [0, 1].map { ($0, bench.slots(index)) })],
                plaintextIndex: index, level: top)
        }
        func encrypted(_ index: Int, level: Int? = nil) -> Ciphertext {
            bench.encryptor.encrypt(
                slots: bench.slots(index), plaintextIndex: index, level: level)
        }
        let good = [encrypted(0), encrypted(1)]
        _ = try bench.evaluator.apply(transforms, to: [good, good])
        let refused: [[[Ciphertext]]] = [
            [], [[]], [[], []], [good], [good, []], [good, [good[0]]], [[good[0]], [good[0]]],
            [good, [good[1], good[0]]], [good, [good[0], encrypted(1, level: top - 1)]],
        ]
        for sources in refused {
            #expect(throws: EvaluationError.self) {
                try bench.evaluator.apply(transforms, to: sources)
            }
        }
    }
}
