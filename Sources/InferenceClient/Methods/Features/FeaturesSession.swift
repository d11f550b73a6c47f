// SPDX-License-Identifier: Apache-2.0

import BFV
import BigIntegers
import Lattice
import Synchronization
import Threading
import Wire

/// A client's end of the method "features".
package struct FeaturesSession: ClientSession {
    private let method: Features
    private let secretKey: SecretKey
    private let pool: WorkerPool
    private let encryptor: Encryptor
    private let replies: ReplyDecryptor
    private let decoder: OutputDecoder

    init(
        _ method: Features, _ outputs: OutputReading, _ context: BFVContext, secretKey: SecretKey,
        pool: WorkerPool
    ) {
        self.pool = pool
        self.method = method
        self.secretKey = secretKey
        encryptor = Encryptor(context: context, secretKey: secretKey)
        replies = ReplyDecryptor(
            settings: method.settings,
            decryptor: Decryptor(context: context, secretKey: secretKey))
        decoder = OutputDecoder(method.settings, outputs)
    }

    package func secretBytes() -> [UInt8] { BFVSecret.bytes(secretKey) }

    package func makeKeys(progress: (Int, Int) throws -> Void) throws -> BFVKeys {
        let set = method.settings.keys
        return try BFVKeys(
            set,
            KeyGenerator(secretKey: secretKey).evaluationKeys(
                relinearization: set.relinearization, galois: set.galois,
                rerandomization: set.rerandomizationLevel, progress: progress))
    }

    package func encrypt(
        _ samples: ArraySlice<[Int]>, progress: @Sendable (Int, Int) throws -> Void
    ) throws -> FeaturesRequest {
        let features = method.inputCount
        let moduli = method.settings.parameters.plaintextModuli
        let capacity = method.groupCapacity
        let count = method.requestCount
        let done = Atomic(0)
        @Sendable func tell() throws {
            try progress(done.add(1, ordering: .relaxed).newValue, count)
        }
        let ciphertexts = try encryptor.encryptMany(
            count: count, pool: pool, progress: tell
        ) { index in
            let (plaintextIndex, feature) = index.quotientAndRemainder(dividingBy: features)
            let t = moduli[plaintextIndex]
            var slots = [UInt64](repeating: 0, count: capacity)
            for (slot, sample) in samples.enumerated() {
                slots[slot] = ModularArithmetic.reduce(Int64(sample[feature]), modulo: t)
            }
            return (plaintextIndex, slots)
        }
        return FeaturesRequest(ciphertexts: ciphertexts)
    }

    package func decrypt(
        _ reply: CompressedReply, sampleCount: Int
    ) throws -> GroupOutputs {
        let outputs = method.outputCount
        let count = method.settings.parameters.plaintextModuli.count * outputs
        guard reply.ciphertexts.count == count else {
            throw InferenceError.wrongCount(
                "reply ciphertexts", expected: count, found: reply.ciphertexts.count)
        }
        let decrypted = try pool.map(count) {
            try replies.slots(of: reply.ciphertexts[$0], plaintextIndex: $0 / outputs)
        }
        return decoder.outputs(
            samples: sampleCount, noiseMarginBits: decrypted.map(\.noiseMarginBits).min()!
        ) { channel, output, sample in
            decrypted[channel * outputs + output].slots[sample]
        }
    }

    package func readReply(_ body: BodyReader) throws -> CompressedReply {
        try CompressedReply(body, method.settings, perModulus: method.outputCount)
    }
}
