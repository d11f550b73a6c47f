// SPDX-License-Identifier: Apache-2.0

import BFV
import Lattice

/// Relinearization at many moduli, with digits of one residue and of several.
struct DeepPrimitives {
    /// A ring with so many moduli of 41 bits, below 128-bit security's limit at its degree.
    private struct Depth {
        let degree: Int
        let limbs: Int
    }

    private static let depths = [
        Depth(degree: 16384, limbs: 8), Depth(degree: 32768, limbs: 20),
    ]
    /// Residues a digit.
    private static let widths = [1, 2, 3]

    let stopwatch: Stopwatch

    func measure(degrees: Set<Int>) throws -> [Measurement] {
        try Self.depths.filter { degrees.contains($0.degree) }.flatMap { depth in
            let ring = try BenchmarkRing(degree: depth.degree, limbs: depth.limbs)
            return try Self.widths.map { try relinearization(ring, residues: $0) }
        }
    }

    private func relinearization(_ ring: BenchmarkRing, residues: Int) throws -> Measurement {
        let key = SecretKey(context: ring.context)
        let keys = try KeyGenerator(secretKey: key).evaluationKeys(
            EvaluationKeySpecification(
                relinearization: Gadget(
                    level: ring.limbs, digitBits: BenchmarkRing.limbBits * residues), rotations: [:]
            ))
        let evaluator = Evaluator(context: ring.context, keys: keys)
        let encryptor = Encryptor(context: ring.context, secretKey: key)
        let (a, b) = (ring.slots(1), ring.slots(2))
        let product = try evaluator.multiplyWithoutRelinearizing(
            encryptor.encrypt(slots: a, plaintextIndex: 0),
            encryptor.encrypt(slots: b, plaintextIndex: 0))
        let counts = try evaluator.counter.counts { _ = try evaluator.relinearize(product) }
        let result = try evaluator.relinearize(product)
        guard
            Decryptor(context: ring.context, secretKey: key).decrypt(result).slots
                == ring.productSlots(a, b)
        else { throw BenchmarkError.wrongResult("relinearize") }
        let timing = try stopwatch.measure { _ = try evaluator.relinearize(product) }
        return Measurement(
            "relinearize_digits_of_\(residues)", ring: ring, timing: timing,
            counts: counts, note: "digits of \(residues) residues")
    }
}
