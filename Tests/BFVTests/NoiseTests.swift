// SPDX-License-Identifier: Apache-2.0

import BFV
import BigIntegers
import Foundation
import Oracle
import Ring
import TestSupport
import Testing

/// True noise, measured with the key, against the bound of each operation.
@Suite struct NoiseTests {
    @Test(arguments: OracleCase.noise) func meterIsTheOracles(testCase: OracleCase) throws {
        guard testCase.degree < 8192 else { return }
        var bench = try OracleBench(testCase, seed: 30, needsKeys: true)
        let meter = NoiseMeter(context: bench.context, variableTimeWith: bench.secret)
        let level = bench.context.maximumLevel
        let a = bench.encryptor.encrypt(slots: bench.slots(0), plaintextIndex: 0)
        let product = try bench.evaluator.multiplyWithoutRelinearizing(a, a)
        for c in [a, product] {
            let exact = bench.oracle(0, level: level).noise(OracleCiphertext(c))
            #expect(BigPolynomial(meter.noise(of: c)) == exact)
            let norms = meter.norms(of: c)
            let length = exact.coefficients.reduce(BigInt(0)) { $0 + $1 * $1 }.log2Lower / 2
            #expect(abs(log2(norms.rootMeanSquare) - length) < 1e-6)
            #expect(exact.norm.log2Lower <= log2(norms.mean))
        }
    }

    @Test(arguments: OracleCase.noise) func freshAndConstants(testCase: OracleCase) throws {
        for index in testCase.plaintextBits.indices {
            var noise = try NoiseBench(testCase, seed: 31, plaintextIndex: index)
            for level in 1...noise.bench.context.maximumLevel {
                let x = noise.fresh(level: level)
                noise.check(x, slack: 1.5, "fresh, t \(index)")
                var sum = x
                for _ in 0..<3 { sum = try noise.addConstant(noise.bench.slots(index), to: sum) }
                noise.check(sum, slack: 2, "constants, t \(index)")
            }
        }
    }

    @Test(arguments: OracleCase.noise) func modulusSwitches(testCase: OracleCase) throws {
        var noise = try NoiseBench(testCase, seed: 32)
        let top = noise.bench.context.maximumLevel
        let x = noise.fresh(level: top)
        for level in 1..<top {
            noise.check(try noise.switchDown(x, toLevel: level), slack: 2.5, "switched")
        }
    }

    /// Weights in every shape: random, constant, one slot, a few blocks.
    static func weights(_ bench: inout OracleBench, _ index: Int) -> [[UInt64]] {
        let t = bench.t(index)
        let n = bench.slotCount
        let values = (0..<8).map { _ in bench.generator.next() % 7 }
        return [
            bench.slots(index), [UInt64](repeating: t - 3, count: n),
            (0..<n).map { $0 == 5 ? 1 : 0 }, (0..<n).map { values[$0 * 8 / n] },
        ]
    }

    @Test(arguments: OracleCase.noise) func plaintextProducts(testCase: OracleCase) throws {
        var noise = try NoiseBench(testCase, seed: 33)
        let identity = [SlotPermutation(rotation: 0)]
        for level in testCase.levels where level > 1 {
            for (shape, weights) in Self.weights(&noise.bench, 0).enumerated() {
                let x = noise.fresh(level: level)
                let y = try noise.apply(
                    babies: identity, giants: identity, factors: [[weights]], to: x)
                noise.check(y, slack: 3.5, "weights of shape \(shape)")
            }
        }
    }

    @Test(arguments: OracleCase.noise) func linearMaps(testCase: OracleCase) throws {
        var noise = try NoiseBench(testCase, seed: 34)
        let p = noise.bench.permutations
        let identity = SlotPermutation(rotation: 0)
        let shapes: [(babies: [SlotPermutation], giants: [SlotPermutation])] = [
            ([identity, p[0], p[1]], [identity]), ([identity], [p[1], p[3]]),
            ([identity, p[0]], [identity, p[1]]), ([identity, p[0], p[1]], [identity, p[2]]),
            ([p[0], p[1]], [p[2], p[1]]),
        ]
        for level in testCase.levels where level > 1 {
            for (shape, steps) in shapes.enumerated() {
                let kinds = Self.weights(&noise.bench, 0)
                for kind in [0, 1, 3] {
                    let factors = steps.giants.map { _ in
                        steps.babies.map { _ in
                            kind == 0 ? noise.bench.slots(0) : kinds[kind]
                        }
                    }
                    let x = noise.fresh(level: level)
                    let y = try noise.apply(
                        babies: steps.babies, giants: steps.giants, factors: factors, to: x)
                    noise.check(y, slack: 6.5, "map \(shape), weights \(kind)")
                }
            }
        }
    }

    @Test(arguments: OracleCase.noise) func folds(testCase: OracleCase) throws {
        var noise = try NoiseBench(testCase, seed: 35)
        let p = noise.bench.permutations
        for level in testCase.levels where level > 1 {
            for permutations in [[p[0]], [p[2]], [p[0], p[1]], p] {
                let x = noise.fresh(level: level)
                let y = try noise.fold(permutations, x)
                noise.check(y, slack: 5, "\(permutations.count) terms")
                // Again: automorphisms of the whole may meet, and the bound must know.
                noise.check(try noise.fold(permutations, y), slack: 6, "twice")
            }
        }
    }

    @Test(arguments: OracleCase.noise) func products(testCase: OracleCase) throws {
        var noise = try NoiseBench(testCase, seed: 36)
        for level in testCase.levels where level > 1 {
            let (x, y) = (noise.fresh(level: level), noise.fresh(level: level))
            noise.check(try noise.multiply(x, y), slack: 6.5, "product")
            noise.check(try noise.multiply(x, x), slack: 6.5, "square")
        }
    }

    @Test(arguments: OracleCase.noise) func compressedReplies(testCase: OracleCase) throws {
        for index in testCase.plaintextBits.indices {
            var noise = try NoiseBench(testCase, seed: 37, plaintextIndex: index)
            let q = noise.bench.context.parameters.ciphertextModuli[0]
            let tBits = noise.bench.plaintextBits(index)
            let room = 63 - q.leadingZeroBitCount - testCase.degree.trailingZeroBitCount
            let x = noise.fresh(level: noise.bench.context.maximumLevel)
            let bound = try noise.switchDown(x, toLevel: 1).bound
            for (c0Bits, c1Bits) in [(tBits + 3, tBits + 11), (tBits + 9, room - 1)] {
                let reply = try noise.bench.evaluator.compress(
                    x.ciphertext, c0Bits: c0Bits, c1Bits: c1Bits)
                let largest = noise.model.compressed(
                    bound, modulus: q, c0Bits: c0Bits, c1Bits: c1Bits)
                let found = noise.noise(of: reply)
                let gap = log2(largest) - found.log2Lower
                #expect(gap >= 0, "bits \(c0Bits), \(c1Bits): \(found) over \(largest)")
                #expect(gap < 3.5, "bits \(c0Bits), \(c1Bits): \(gap) bits under the bound")
                #expect(
                    log2(largest) < Double(c1Bits - 1), "a bound that proves nothing: \(largest)")
            }
        }
    }

    /// An added encryption of zero costs a division's rounding, at every level that its key covers.
    @Test(arguments: OracleCase.noise) func encryptionsOfZero(testCase: OracleCase) throws {
        for index in testCase.plaintextBits.indices {
            var noise = try NoiseBench(testCase, seed: 41, plaintextIndex: index)
            for level in 1...noise.bench.context.maximumLevel {
                let x = noise.fresh(level: level)
                noise.check(try noise.rerandomize(x), slack: 3, "re-randomized, t \(index)")
                // From as little noise as there can be.
                let zero = Bounded(
                    ciphertext: Ciphertext(
                        polynomials: x.ciphertext.polynomials.map {
                            Polynomial<NTTValues>(zero: $0.basis)
                        }, plaintextIndex: index), bound: NoiseBound([]))
                noise.check(try noise.rerandomize(zero), slack: 3.5, "zero, t \(index)")
            }
        }
    }

    /// A small network's shape: map, constant, switch, square, switch, fold, switch, compress.
    @Test(arguments: [OracleCase.small[2], .real, .ideals[2], .realIdeal])
    func aCircuit(testCase: OracleCase) throws {
        for seed in 0..<3 {
            var noise = try NoiseBench(testCase, seed: 38 + UInt64(seed))
            let p = noise.bench.permutations
            let babies = [SlotPermutation(rotation: 0), p[0]]
            let giants = [SlotPermutation(rotation: 0), p[1]]
            let weights = Self.weights(&noise.bench, 0)[3]
            let factors = giants.map { _ in babies.map { _ in weights } }
            var x = noise.fresh(level: noise.bench.context.maximumLevel)
            x = try noise.apply(babies: babies, giants: giants, factors: factors, to: x)
            noise.check(x, slack: 6.5, "map")
            x = try noise.addConstant(weights, to: x)
            x = try noise.switchDown(x, toLevel: 3)
            noise.check(x, slack: 3, "switched")
            x = try noise.multiply(x, x)
            noise.check(x, slack: 8, "square")
            x = try noise.switchDown(x, toLevel: 2)
            noise.check(x, slack: 3, "switched after the square")
            x = try noise.fold([p[0], p[1]], x)
            noise.check(x, slack: 5, "fold")
            x = try noise.switchDown(x, toLevel: 1)
            noise.check(x, slack: 3, "reply")
        }
    }
}
