// SPDX-License-Identifier: Apache-2.0

import BFV
import Lattice
import Ring
import Testing

/// Slots that repeat: polynomials in a power of X, so equal values in runs.
@Suite struct RepeatedSlotsTests {
    /// Random slots of which every row repeats after so many columns.
    private static func slots(_ bench: inout OracleBench, period: Int) -> [UInt64] {
        let shape = bench.context.parameters.slots
        let all = bench.slots(0)
        return all.indices.map { all[$0 / shape.columns * shape.columns + $0 % period] }
    }

    @Test(arguments: OracleCase.everySmall)
    func otherPowersOfXAreMissing(testCase: OracleCase) throws {
        var bench = try OracleBench(testCase, seed: 31)
        let shape = bench.context.parameters.slots
        var period = 1
        while period <= shape.columns {
            let slots = Self.slots(&bench, period: period)
            let spacing = shape.spacing(period: period)
            let coefficients = bench.context.plaintexts[0].encoder.encode(slots)
            let powers = coefficients.indices.filter { coefficients[$0] != 0 }
            #expect(powers.allSatisfy { $0 % spacing == 0 }, "period \(period)")
            // None wider would do.
            #expect(!powers.allSatisfy { $0 % (2 * spacing) == 0 }, "period \(period)")
            period *= 2
        }
    }

    /// A map that keeps a block of each run gives the very ciphertexts of one that keeps all.
    @Test(arguments: OracleCase.everySmall.filter { $0.degree >= 64 })
    func mapsAreTheSame(testCase: OracleCase) throws {
        var bench = try OracleBench(testCase, seed: 32)
        let shape = bench.context.parameters.slots
        let level = bench.context.maximumLevel
        let sources = (0..<3).map { _ in
            [bench.encryptor.encrypt(slots: bench.slots(0), plaintextIndex: 0)]
        }
        let identity = SlotPermutation(rotation: 0)
        var checked = 0
        for period in [1, 2] where shape.spacing(period: period) > 16 {
            checked += 1
            let terms = sources.indices.map {
                (baby: $0, slots: Self.slots(&bench, period: period))
            }
            let maps = [1, shape.spacing(period: period)].map {
                bench.context.encodeTransform(
                    babies: sources.indices.map { BabyStep(source: $0, permutation: identity) },
                    giants: [(identity, terms)], spacing: $0, plaintextIndex: 0, level: level)
            }
            let results = try maps.map { try bench.evaluator.apply([$0], to: sources)[0] }
            for (a, b) in zip(results[0].polynomials, results[1].polynomials) {
                for limb in 0..<level { #expect(a.words(ofLimb: limb) == b.words(ofLimb: limb)) }
            }
        }
        #expect(checked > 0 || shape.spacing(period: 1) <= 16)
    }

    /// Maps that are applied together, of more and fewer of the same sources, give the very ciphertexts that each gives
    /// alone; others are refused.
    @Test(arguments: OracleCase.everySmall + [.real])
    func togetherIsTheSame(testCase: OracleCase) throws {
        var bench = try OracleBench(testCase, seed: 33)
        let shape = bench.context.parameters.slots
        let level = bench.context.maximumLevel
        let sources = (0..<3).map { _ in
            bench.encryptor.encrypt(slots: bench.slots(0), plaintextIndex: 0)
        }
        let identity = SlotPermutation(rotation: 0)
        func map(of count: Int, period: Int, permutation: SlotPermutation = identity)
            -> EncodedTransform
        {
            bench.context.encodeTransform(
                babies: (0..<count).map { BabyStep(source: $0, permutation: permutation) },
                giants: [
                    (identity, (0..<count).map { ($0, Self.slots(&bench, period: period)) })
                ], spacing: shape.spacing(period: period), plaintextIndex: 0, level: level)
        }
        let periods = [1, 2, shape.columns]
        let maps = [3, 1, 2, 3].enumerated().map { place, count in
            (
                transform: map(of: count, period: periods[place % periods.count]),
                sources: Array(sources.prefix(count))
            )
        }
        let counted = bench.evaluator.counter.value
        let together = try bench.evaluator.applyTogether(maps)
        let made = bench.evaluator.counter.value.plaintextMultiplications
        #expect(made - counted.plaintextMultiplications == 9)
        for (map, found) in zip(maps, together) {
            let alone = try bench.evaluator.apply([map.transform], to: map.sources.map { [$0] })[0]
            for (a, b) in zip(alone.polynomials, found.polynomials) {
                for limb in 0..<level { #expect(a.words(ofLimb: limb) == b.words(ofLimb: limb)) }
            }
        }
        #expect(throws: EvaluationError.self) {
            try bench.evaluator.applyTogether([(maps[0].transform, Array(sources.prefix(2)))])
        }
        let moving = map(of: 1, period: 1, permutation: shape.rotation(1))
        #expect(throws: EvaluationError.self) {
            try bench.evaluator.applyTogether([(moving, [sources[0]])])
        }
    }
}
