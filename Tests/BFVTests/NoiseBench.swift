// SPDX-License-Identifier: Apache-2.0

import BFV
import BigIntegers
import Foundation
import Lattice
import Oracle
import TestSupport
import Testing

extension OracleCase {
    /// Key switches that add more than what is there: a small P, wide digits.
    static let loudKeys = OracleCase(
        degree: 512, ciphertextBits: [49, 40, 40, 40], specialBits: 20, plaintextBits: [16],
        digitBits: 20, levels: [2, 4])

    static let loudIdeal = OracleCase(
        degree: 512, ciphertextBits: [49, 40, 40, 40], specialBits: 20, plaintextBits: [32],
        digitBits: 20, levels: [2, 4], index: 2)

    /// One digit of all residues, far narrower than the widest that its gadget allows, hidden by little.
    static let loudWide = OracleCase(
        degree: 512, ciphertextBits: [49, 40, 40, 40], specialBits: 50, plaintextBits: [14],
        digitBits: 752, levels: [2, 4])

    static let noise = [
        small[2], loudKeys, small[3], real, ideals[2], loudIdeal, loudWide, realIdeal,
    ]
}

/// A ciphertext with the bound that the model gives for it.
struct Bounded {
    var ciphertext: Ciphertext
    var bound: NoiseBound
}

/// Operations on both, bounded as the planner does it.
struct NoiseBench {
    var bench: OracleBench
    let index: Int
    let model: NoiseModel
    private let meter: NoiseMeter
    private let gadget: Gadget

    init(_ testCase: OracleCase, seed: UInt64, plaintextIndex: Int = 0) throws {
        bench = try OracleBench(testCase, seed: seed, needsKeys: true)
        index = plaintextIndex
        model = NoiseModel(
            degree: testCase.degree,
            plaintext: bench.context.parameters.plaintexts[plaintextIndex])
        meter = NoiseMeter(context: bench.context, variableTimeWith: bench.secret)
        gadget = Gadget(level: bench.context.maximumLevel, digitBits: testCase.digitBits)
    }

    private var parameters: BFVParameters { bench.context.parameters }

    func switching(level: Int) -> NoiseNorms {
        model.keySwitching(
            gadget: gadget, moduli: parameters.ciphertextModuli[..<level],
            special: parameters.specialModulus)
    }

    mutating func fresh(level: Int) -> Bounded {
        let slots = bench.slots(index)
        return Bounded(
            ciphertext: bench.encryptor.encrypt(
                slots: slots, plaintextIndex: index, level: level), bound: model.fresh)
    }

    func rerandomize(_ x: Bounded) throws -> Bounded {
        Bounded(
            ciphertext: try bench.evaluator.rerandomize(x.ciphertext),
            bound: model.rerandomized(x.bound, special: parameters.specialModulus))
    }

    func addConstant(_ slots: [UInt64], to x: Bounded) throws -> Bounded {
        let constant = bench.context.encodeConstant(
            slots: slots, plaintextIndex: index, level: x.ciphertext.level)
        return Bounded(
            ciphertext: try bench.evaluator.add(x.ciphertext, constant),
            bound: model.addingConstant(x.bound))
    }

    /// sum over giants of perm(sum over babies of factor * perm(x)); `factors[giant][baby]` are slots.
    func apply(
        babies: [SlotPermutation], giants: [SlotPermutation], factors: [[[UInt64]]],
        to x: Bounded
    ) throws -> Bounded {
        let level = x.ciphertext.level
        let transform = bench.context.encodeTransform(
            babies: babies.map { BabyStep(permutation: $0) },
            giants: giants.indices.map { g in
                (giants[g], babies.indices.map { (baby: $0, slots: factors[g][$0]) })
            }, plaintextIndex: index, level: level)
        let out = try bench.evaluator.apply(transform, to: x.ciphertext)
        let gain = gain(babies: babies, giants: giants, factors: factors)
        func moves(_ p: SlotPermutation) -> Bool { !p.isIdentity(degree: bench.degree) }
        let giantCount = giants.count(where: moves)
        let hasBabies = babies.contains(where: moves)
        guard giantCount > 0 || hasBabies else {
            return Bounded(
                ciphertext: out, bound: x.bound.mapped(by: gain, degree: bench.degree))
        }
        let added = switching(level: level)
        let mapped = model.mapped(
            [(x.bound, gain)], babies: hasBabies ? added : .zero,
            giants: giantCount > 0 ? added : .zero, giantCount: giantCount)
        return Bounded(ciphertext: out, bound: model.divided(mapped))
    }

    private func gain(
        babies: [SlotPermutation], giants: [SlotPermutation], factors: [[[UInt64]]]
    ) -> TransformGain {
        let n = bench.degree
        var elements = Set<Int>()
        var (sum, energy, largest) = (0.0, 0.0, 0.0)
        for (g, giant) in giants.enumerated() {
            var sums = [Double](repeating: 0, count: n / 2)
            var energies = sums
            for (b, baby) in babies.enumerated() {
                elements.insert(
                    giant.galoisElement(degree: n) * baby.galoisElement(degree: n) % (2 * n))
                let encoded = bench.context.plaintexts[index].encoder.encode(factors[g][b])
                let magnitudes = CanonicalEmbedding.magnitudes(of: encoded.map(Double.init))
                for i in sums.indices {
                    sums[i] += magnitudes[i]
                    energies[i] += magnitudes[i] * magnitudes[i]
                }
                largest = max(largest, magnitudes.max()!)
            }
            sum += sums.max()!
            energy += energies.max()!
        }
        precondition(elements.count == babies.count * giants.count)
        let up = 1 + 0x1p-30
        return TransformGain(
            elements: elements, sum: sum * up, energy: energy * up, largest: largest * up)
    }

    func fold(_ permutations: [SlotPermutation], _ x: Bounded) throws -> Bounded {
        let elements = Set([1] + permutations.map { $0.galoisElement(degree: bench.degree) })
        return Bounded(
            ciphertext: try bench.evaluator.sumOfPermutations(
                x.ciphertext, permutations, includingIdentity: true),
            bound: model.folded(
                x.bound, by: .fold(elements), switching: switching(level: x.ciphertext.level)))
    }

    func multiply(_ x: Bounded, _ y: Bounded) throws -> Bounded {
        Bounded(
            ciphertext: try bench.evaluator.multiply(x.ciphertext, y.ciphertext),
            bound: model.switchedKey(
                model.product(x.bound, y.bound), switching: switching(level: x.ciphertext.level)))
    }

    func switchDown(_ x: Bounded, toLevel level: Int) throws -> Bounded {
        var bound = x.bound
        for dropped in parameters.ciphertextModuli[level..<x.ciphertext.level].reversed() {
            bound = model.switched(bound, droppedModulus: dropped)
        }
        return Bounded(
            ciphertext: try bench.evaluator.switchDown(x.ciphertext, toLevel: level), bound: bound)
    }

    /// How far the root mean square of pi's embeddings is under the largest, which bounds count with, in bits.
    private var spread: Double {
        let plaintext = parameters.plaintexts[index]
        let norms = Embedding.norms(plaintext.generator.map(Double.init))
        return log2(norms.largest / norms.rootMeanSquare)
    }

    /// No measured norm is above its bound, and the root mean square not more than `slack` bits under it; as much
    /// more as pi's embeddings differ where its index is not 1.
    func check(
        _ x: Bounded, slack: Double, _ what: String,
        sourceLocation: SourceLocation = #_sourceLocation
    ) {
        let level = x.ciphertext.level
        let bound = x.bound.norms
        let half = parameters.modulus(level: level).log2Lower - 1
        #expect(
            log2(bound.mean) < half, "\(what): a bound that proves nothing at level \(level)",
            sourceLocation: sourceLocation)
        let found = meter.norms(of: x.ciphertext)
        let gap = log2(bound.rootMeanSquare / found.rootMeanSquare)
        #expect(
            found.isWithin(bound), "\(what), level \(level): \(found) over \(bound)",
            sourceLocation: sourceLocation)
        #expect(
            gap <= slack + spread, "\(what), level \(level): \(gap) bits under the bound",
            sourceLocation: sourceLocation)
        let peak = meter.noise(of: x.ciphertext).map(\.magnitude).max()!
        #expect(
            peak.log2Lower <= log2(x.bound.coefficient), "\(what): coefficient \(peak)",
            sourceLocation: sourceLocation)
    }

    /// The largest coefficient of t v mod 2^k_1 of a compressed reply, with integers.
    func noise(of reply: CompressedCiphertext) -> BigInt {
        let secret = BigPolynomial(bench.secret.coefficients.unprotectedValues())
        let lifted = BigPolynomial(reply.c0.map { $0 << UInt64(reply.c1Bits - reply.c0Bits) })
        let phase = lifted + BigPolynomial(reply.c1) * secret
        return (parameters.plaintexts[index].polynomial(degree: bench.degree) * phase).centered(
            modulo: BigInt(1) << reply.c1Bits
        ).norm
    }
}
