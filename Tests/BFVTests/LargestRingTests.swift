// SPDX-License-Identifier: Apache-2.0

import BFV
import BigIntegers
import Lattice
import TestSupport
import Testing

/// N = 65536, where tables one after another are planned: 128-bit security, two special primes, digits of two residues.
@Suite struct LargestRingTests {
    /// Weights of a map are kept as coefficients there.
    @Test func productsAndRotations() throws {
        let degree = 65536
        let primes = Primes.nttPrimes(bits: 47, count: 6, congruentTo1Modulo: UInt64(2 * degree))
        let t: UInt64 = 786433
        let parameters = try BFVParameters(
            lattice: LatticeParameters(
                degree: degree, ciphertextModuli: Array(primes[..<4]),
                specialModuli: Array(primes[4...])), plaintexts: [PlaintextModulus(prime: t)])
        #expect(parameters.security == .bits128)
        let context = try BFVContext(parameters)
        let secret = SecretKey(context: context)
        let gadget = Gadget(level: 4, digitBits: 94)
        let rotation = parameters.slots.rotation(1)
        let evaluator = Evaluator(
            context: context,
            keys: try KeyGenerator(secretKey: secret).evaluationKeys(
                EvaluationKeySpecification(
                    relinearization: gadget,
                    rotations: [rotation.normalized(degree: degree): gadget])))
        var generator = SplitMix64(seed: 41)
        func slots() -> [UInt64] {
            (0..<degree).map { _ in UInt64.random(in: 0..<t, using: &generator) }
        }
        let (x, y) = (slots(), slots())
        let encryptor = Encryptor(context: context, secretKey: secret)
        let product = try evaluator.multiply(
            encryptor.encrypt(slots: x), encryptor.encrypt(slots: y))
        let moved = try evaluator.sumOfPermutations(product, [rotation], includingIdentity: false)
        let decryptor = Decryptor(context: context, secretKey: secret)
        let found = decryptor.decrypt(try evaluator.switchDown(moved, toLevel: 2)).slots
        let factor = context.productFactor(level: 4)
        let products = zip(x, y).map {
            ModularArithmetic.multiply(
                ModularArithmetic.multiply($0, $1, modulo: t), factor, modulo: t)
        }
        let columns = degree / 2
        #expect(
            found
                == products.indices.map {
                    products[$0 / columns * columns + ($0 + 1) % columns]
                })
        let weights = [slots(), slots()]
        #expect(EncodedTransform.keepsCoefficients(degree: degree, plaintext: t, spacing: 1))
        let identity = SlotPermutation(rotation: 0)
        let transform = context.encodeTransform(
            babies: [BabyStep(permutation: identity), BabyStep(permutation: rotation)],
            giants: [(identity, [(0, weights[0])]), (rotation, [(1, weights[1]), (0, x)])],
            plaintextIndex: 0, level: 4)
        let mapped = decryptor.decrypt(
            try evaluator.apply(transform, to: encryptor.encrypt(slots: y))
        ).slots
        func rotated(_ slots: [UInt64]) -> [UInt64] {
            slots.indices.map { slots[$0 / columns * columns + ($0 + 1) % columns] }
        }
        func times(_ a: [UInt64], _ b: [UInt64]) -> [UInt64] {
            zip(a, b).map { ModularArithmetic.multiply($0, $1, modulo: t) }
        }
        func plus(_ a: [UInt64], _ b: [UInt64]) -> [UInt64] {
            zip(a, b).map { ModularArithmetic.add($0, $1, modulo: t) }
        }
        let inner = plus(times(weights[1], rotated(y)), times(x, y))
        #expect(mapped == plus(times(weights[0], y), rotated(inner)))
        // Maps that are applied together, each transformed as a whole.
        let local = weights.map {
            context.encodeTransform(
                babies: [BabyStep(permutation: identity)], giants: [(identity, [(0, $0)])],
                plaintextIndex: 0, level: 4)
        }
        let source = encryptor.encrypt(slots: y)
        let together = try evaluator.applyTogether(local.map { ($0, [source]) })
        #expect(together.map { decryptor.decrypt($0).slots } == weights.map { times($0, y) })
    }
}
