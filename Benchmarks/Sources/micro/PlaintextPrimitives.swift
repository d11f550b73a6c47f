// SPDX-License-Identifier: Apache-2.0

import BFV

/// Sums of plaintext times ciphertext in NTT form, as in a linear map without rotations: bound by how fast plaintexts
/// are read.
struct PlaintextPrimitives {
    let ring: BenchmarkRing
    let stopwatch: Stopwatch
    /// As many as a linear map's inner sums have, or so.
    private static let termsOfSum = 16
    /// Plaintext bytes of the sum that comes from memory.
    let memoryBytes: Int

    func measure() throws -> [Measurement] {
        [
            try accumulate(
                "plaintext_accumulate_l2", limbs: 1, bytes: 1 << 19,
                note: "a term of a sum whose plaintexts stay in L2"),
            try accumulate(
                "plaintext_accumulate_memory", limbs: ring.limbs, bytes: memoryBytes,
                note: "a term of a sum whose plaintexts come from memory"),
        ]
    }

    private func accumulate(
        _ operation: String, limbs: Int, bytes: Int, note: String
    ) throws -> Measurement {
        let terms = min(1024, max(1, bytes / (limbs * ring.degree * 8)))
        let sums = max(1, terms / Self.termsOfSum)
        let slots = ring.slots(5)
        let identity = SlotPermutation(rotation: 0)
        let transform = ring.context.encodeTransform(
            babies: [BabyStep(permutation: identity)],
            giants: (0..<sums).map { _ in
                (identity, (0..<terms / sums).map { _ in (baby: 0, slots: slots) })
            },
            plaintextIndex: 0, level: limbs)
        let evaluator = Evaluator(
            context: ring.context, keys: .none)
        let ciphertext = Encryptor(
            context: ring.context, secretKey: SecretKey(context: ring.context)
        ).encrypt(
            slots: ring.slots(6), plaintextIndex: 0, level: limbs)
        let body = { _ = try evaluator.apply(transform, to: ciphertext) }
        let counts = try evaluator.counter.counts(of: body)
        return Measurement(
            operation, ring: ring, limbs: limbs, timing: try stopwatch.measure(body), per: terms,
            counts: counts, streamedBytes: terms * bitsOfResidues(limbs) * ring.degree / 8,
            note: "\(note); counts are of all \(terms) terms")
    }

    /// Plaintexts lie in memory packed to the bits of their moduli.
    private func bitsOfResidues(_ limbs: Int) -> Int {
        ring.moduli[..<limbs].reduce(0) { $0 + 64 - $1.leadingZeroBitCount }
    }
}
