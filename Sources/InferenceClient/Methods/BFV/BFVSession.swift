// SPDX-License-Identifier: Apache-2.0

import BFV
import Lattice
import Threading
import Wire

/// A client's end of a method on BFV.
package struct BFVSession<Method: BFVClientMethod>: ClientSession {
    private let method: Method
    private let pool: WorkerPool
    private let secretKey: SecretKey
    private let encryptor: Encryptor
    private let replies: ReplyDecryptor
    private let decoder: OutputDecoder

    init(
        _ method: Method, _ outputs: OutputReading, on pool: WorkerPool,
        secretKey: (LatticeContext) throws -> SecretKey
    ) throws {
        let context = try BFVContext(method.settings.parameters)
        let secretKey = try secretKey(context.lattice)
        self.method = method
        self.pool = pool
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
    ) throws -> Method.Request {
        try method.encrypt(samples, encryptor, on: pool, progress: progress)
    }

    package func decrypt(
        _ reply: CompressedReply, sampleCount: Int
    ) throws -> GroupOutputs {
        let count = method.replyCount
        try checkReply(count: reply.ciphertexts.count, expected: count)
        let decrypted = try pool.map(count) {
            try replies.slots(
                of: reply.ciphertexts[$0], plaintextIndex: $0 / method.repliesPerModulus)
        }
        let margins = decrypted.map(\.noiseMarginBits)
        let outputs = method.outputs(
            decrypted.map(\.slots), decoder, samples: sampleCount,
            noiseMarginBits: margins.min()!)
        try replies.requireMargins(margins, perModulus: method.repliesPerModulus)
        return outputs
    }

    package func readReply(_ body: BodyReader) throws -> CompressedReply {
        try CompressedReply(body, method.settings, perModulus: method.repliesPerModulus)
    }
}
