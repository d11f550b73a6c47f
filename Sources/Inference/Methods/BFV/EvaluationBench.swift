// SPDX-License-Identifier: Apache-2.0

import BFV
import BigIntegers
import InferenceClient
import Lattice
import Ring

/// A linear map, a fold, a square and a switch on a ciphertext: what layers are made of, to be timed as a whole.
struct EvaluationBench {
    static let degree = 8192
    private static let babies = 16
    private static let giants = 4

    private let evaluator: Evaluator
    private let ciphertext: Ciphertext
    private let transform: EncodedTransform
    private let fold = SlotPermutation(rotation: 1024)

    init() throws {
        let primes = Primes.nttPrimes(
            bits: 40, count: 4, congruentTo1Modulo: UInt64(2 * Self.degree), excluding: [])
        let t: UInt64 = 65537
        let context = try BFVContext(
            BFVParameters(
                degree: Self.degree, ciphertextModuli: Array(primes.prefix(3)),
                specialModulus: primes[3], plaintextModuli: [t]))
        let key = SecretKey(context: context)
        let gadget = Gadget(level: 3, digitBits: 40)
        let babies = (0..<Self.babies).map { SlotPermutation(rotation: $0) }
        let giants = (0..<Self.giants).map { SlotPermutation(rotation: $0 * Self.babies) }
        let moved = (babies + giants + [fold]).filter { !$0.isIdentity(degree: Self.degree) }
        let keys = try KeyGenerator(secretKey: key).evaluationKeys(
            EvaluationKeySpecification(
                relinearization: gadget,
                rotations: Dictionary(uniqueKeysWithValues: moved.map { ($0, gadget) })))
        evaluator = Evaluator(context: context, keys: keys)
        let slots = (0..<UInt64(Self.degree)).map { $0 * 7919 % t }
        ciphertext = Encryptor(context: context, secretKey: key).encrypt(
            slots: slots, plaintextIndex: 0)
        transform = context.encodeTransform(
            babies: babies.map { BabyStep(permutation: $0) },
            giants: giants.map { ($0, babies.indices.map { ($0, slots) }) }, plaintextIndex: 0,
            level: 3)
    }

    /// - Returns: the median of a run in seconds, and what a run counts.
    func measure() throws -> (seconds: Double, counts: OperationCounts) {
        let clock = ContinuousClock()
        try run()
        let counts = evaluator.counter.value
        let times = try (0..<25).map { _ in try clock.measure(run) }.sorted()
        return (Double(times[12].components.attoseconds) * 1e-18, counts)
    }

    private func run() throws {
        let mapped = try evaluator.apply(transform, to: ciphertext)
        let folded = try evaluator.sumOfPermutations(mapped, [fold], includingIdentity: true)
        let square = try evaluator.multiply(folded, folded)
        _ = try evaluator.switchDown(square, toLevel: 2)
    }
}
