// SPDX-License-Identifier: Apache-2.0

import BFV
import Lattice

/// Operations on ciphertexts at the top level, on one thread.
struct CiphertextPrimitives {
    private let ring: BenchmarkRing
    private let stopwatch: Stopwatch
    private let encryptor: Encryptor
    private let decryptor: Decryptor
    private let evaluator: Evaluator
    private let publicKey: PublicKey
    private let a: Ciphertext
    private let b: Ciphertext
    /// Eight rotations that one decomposition serves.
    private static let rotations = (1...8).map { SlotPermutation(rotation: $0) }

    init(ring: BenchmarkRing, stopwatch: Stopwatch) throws {
        self.ring = ring
        self.stopwatch = stopwatch
        let key = SecretKey(context: ring.context)
        let keys = try KeyGenerator(secretKey: key).evaluationKeys(
            EvaluationKeySpecification(
                relinearization: ring.gadget,
                rotations: Dictionary(
                    uniqueKeysWithValues: Self.rotations.map { ($0, ring.gadget) })))
        encryptor = Encryptor(context: ring.context, secretKey: key)
        decryptor = Decryptor(context: ring.context, secretKey: key)
        evaluator = Evaluator(context: ring.context, keys: keys)
        publicKey = KeyGenerator(secretKey: key).publicKey()
        a = encryptor.encrypt(slots: ring.slots(1), plaintextIndex: 0)
        b = encryptor.encrypt(slots: ring.slots(2), plaintextIndex: 0)
    }

    func measure() throws -> [Measurement] {
        try checkResults()
        let product = try evaluator.multiplyWithoutRelinearizing(a, b)
        let factor = ring.context.encodeFactor(
            slots: ring.slots(3), plaintextIndex: 0, level: ring.limbs)
        let lower = ring.limbs - 1
        var rows = [
            encryptSymmetric(), encryptPublic(), decrypt(),
            try row("add", note: "") { _ = try evaluator.add(a, b) },
            try row("plaintext_multiply", note: "plaintext encoded before, in NTT form") {
                _ = try evaluator.multiply(a, by: factor)
            },
            try row("multiply", note: "tensor, pointwise; three polynomials") {
                _ = try evaluator.multiplyWithoutRelinearizing(a, b)
            },
            try row("relinearize", note: "") { _ = try evaluator.relinearize(product) },
            try row("multiply_relinearize", note: "") { _ = try evaluator.multiply(a, b) },
            try row("square_relinearize", note: "") { _ = try evaluator.multiply(a, a) },
            try row("rotate", note: "") { _ = try evaluator.permute(a, by: Self.rotations[0]) },
        ].compactMap { $0 }
        rows.append(
            try row(
                "rotate_hoisted", per: Self.rotations.count,
                note: "an eighth of a sum of 8 rotations; counts are of the whole sum"
            ) {
                _ = try evaluator.sumOfPermutations(a, Self.rotations, includingIdentity: false)
            })
        rows.append(
            try row("modulus_switch", note: "one modulus dropped from a ciphertext") {
                _ = try evaluator.switchDown(a, toLevel: lower)
            })
        return rows
    }

    private func row(
        _ operation: String, per parts: Int = 1, note: String, _ body: () throws -> Void
    ) throws -> Measurement {
        let counts = try evaluator.counter.counts(of: body)
        let timing = try stopwatch.measure(body)
        return Measurement(
            operation, ring: ring, timing: timing, per: parts, counts: counts, note: note)
    }

    private func encryptSymmetric() -> Measurement? {
        let slots = ring.slots(4)
        let timing = stopwatch.measure { _ = encryptor.encrypt(slots: slots, plaintextIndex: 0) }
        return Measurement(
            "encrypt_symmetric", ring: ring, timing: timing, note: "slots encoded too")
    }

    private func encryptPublic() -> Measurement? {
        let slots = ring.slots(4)
        let encryptor = PublicEncryptor(context: ring.context, publicKey: publicKey)
        let timing = stopwatch.measure { _ = encryptor.encrypt(slots: slots, plaintextIndex: 0) }
        return Measurement("encrypt_public", ring: ring, timing: timing, note: "slots encoded too")
    }

    private func decrypt() -> Measurement? {
        let timing = stopwatch.measure { _ = decryptor.decrypt(a) }
        return Measurement("decrypt", ring: ring, timing: timing, note: "slots decoded too")
    }

    /// What is timed must be right.
    private func checkResults() throws {
        let slots = decryptor.decrypt(try evaluator.multiply(a, b)).slots
        guard slots == ring.productSlots(ring.slots(1), ring.slots(2)) else {
            throw BenchmarkError.wrongResult("multiply")
        }
        let permuted = try evaluator.permute(a, by: Self.rotations[0])
        guard decryptor.decrypt(permuted).slots[0] == ring.slots(1)[1] else {
            throw BenchmarkError.wrongResult("rotate")
        }
    }
}

/// Why nothing was measured.
enum BenchmarkError: Error, CustomStringConvertible {
    case wrongResult(String)

    var description: String {
        switch self {
        case .wrongResult(let operation): "\(operation) decrypts to a wrong result"
        }
    }
}
