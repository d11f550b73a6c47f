// SPDX-License-Identifier: Apache-2.0

import BFV
import BigIntegers
import Lattice
import Threading
import Wire

/// A client's end of the method "slots".
package struct SlotsSession: ClientSession {
    private let method: Slots
    private let outputCount: Int
    private let context: BFVContext
    private let secretKey: SecretKey
    private let encryptor: Encryptor
    private let replies: ReplyDecryptor
    private let decoder: OutputDecoder

    init(
        _ method: Slots, _ outputs: OutputReading, _ context: BFVContext, secretKey: SecretKey,
        pool: WorkerPool
    ) {
        self.method = method
        self.context = context
        self.secretKey = secretKey
        outputCount = outputs.count
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
    ) throws -> SlotsRequest {
        let input = samples[samples.startIndex].map(Int64.init)
        let ciphertexts = method.inputLayouts.flatMap { layout in
            let slots = layout.place(input)
            return method.settings.parameters.plaintextModuli.enumerated().map { index, t in
                encryptor.encrypt(
                    slots: slots.map { ModularArithmetic.reduce($0, modulo: t) },
                    plaintextIndex: index)
            }
        }
        try progress(1, 1)
        return SlotsRequest(ciphertexts: ciphertexts)
    }

    package func decrypt(
        _ reply: CompressedReply, sampleCount: Int
    ) throws -> GroupOutputs {
        let moduli = method.settings.parameters.plaintextModuli
        guard reply.ciphertexts.count == moduli.count else {
            throw InferenceError.wrongCount(
                "reply ciphertexts", expected: moduli.count, found: reply.ciphertexts.count)
        }
        let decrypted = try reply.ciphertexts.enumerated().map {
            try replies.slots(of: $1, plaintextIndex: $0)
        }
        return method.join(
            decrypted.map(\.slots), decoder, outputCount: outputCount,
            noiseMarginBits: decrypted.map(\.noiseMarginBits).min()!)
    }

    package func readReply(_ body: BodyReader) throws -> CompressedReply {
        try CompressedReply(body, method.settings, perModulus: 1)
    }
}
