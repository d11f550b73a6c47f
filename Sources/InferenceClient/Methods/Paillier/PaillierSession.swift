// SPDX-License-Identifier: Apache-2.0

import BigIntegers
import Paillier
import Threading
import Wire

/// A client's end of the method "paillier".
package struct PaillierSession: ClientSession {
    private let method: PaillierSlots
    private let secretKey: PaillierSecretKey
    private let packing: PackingLayout
    private let encryptor: PaillierOwnerEncryptor
    private let decryptor: PaillierDecryptor

    /// - Throws: `InferenceError.wrongParameters` for a key of another size.
    init(_ method: PaillierSlots, secretKey: PaillierSecretKey, pool: WorkerPool) throws {
        guard secretKey.publicKey.size == method.keySize else {
            throw InferenceError.wrongParameters
        }
        self.method = method
        self.secretKey = secretKey
        packing = try method.packing(secretKey.publicKey)
        encryptor = PaillierOwnerEncryptor(secretKey: secretKey, pool: pool)
        decryptor = PaillierDecryptor(secretKey: secretKey, pool: pool)
    }

    package func secretBytes() -> [UInt8] { secretKey.secretBytes() }

    package func makeKeys(progress: (Int, Int) throws -> Void) throws -> PaillierPublicKey {
        try progress(1, 1)
        return secretKey.publicKey
    }

    package func encrypt(
        _ samples: ArraySlice<[Int]>, progress: @Sendable (Int, Int) throws -> Void
    ) throws -> EncryptedVector {
        let size = packing.count
        let count = method.plaintextCount(samples: samples.count)
        var plaintexts: [BigInt] = []
        for start in stride(from: samples.startIndex, to: samples.endIndex, by: size) {
            let group = samples[start..<min(start + size, samples.endIndex)]
            for feature in 0..<method.inputCount {
                plaintexts.append(try packing.pack(group.map { BigInt($0[feature]) }))
            }
        }
        try progress(0, count)
        let ciphertexts = try encryptor.encrypt(plaintexts)
        try progress(count, count)
        return ciphertexts
    }

    package func decrypt(
        _ reply: EncryptedVector, sampleCount: Int
    ) throws -> GroupOutputs {
        let outputs = method.outputCount
        try checkReply(
            count: reply.count, expected: method.plaintextCount(samples: sampleCount) * outputs)
        let slots = try decryptor.decrypt(reply).map(packing.unpack)
        return GroupOutputs(
            integers: (0..<sampleCount).flatMap { sample in
                let (plaintext, slot) = sample.quotientAndRemainder(dividingBy: packing.count)
                return (0..<outputs).map { slots[plaintext * outputs + $0][slot] }
            }, outputCount: outputs)
    }

    package func readReply(_ body: BodyReader) throws -> EncryptedVector {
        try EncryptedVector(body, publicKey: secretKey.publicKey)
    }
}
