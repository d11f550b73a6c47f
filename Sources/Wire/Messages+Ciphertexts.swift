import Foundation
import Inference
import RLWE
import Ring

extension Blindsight_V1_RequestMessage {
    /// - Throws: `WireError.malformed` for ciphertexts that are not fresh from an encryptor.
    init(_ sample: EncryptedSample) throws {
        self.init()
        ciphertexts = try sample.ciphertexts.map { ciphertext in
            guard let seed = ciphertext.seed else {
                throw WireError.malformed("a request of ciphertexts that have no seed")
            }
            var message = Blindsight_V1_CiphertextMessage()
            message.seed = Data(seed.bytes)
            message.residues = Data(Packing.pack(ciphertext.polynomials[0]))
            return message
        }
    }

    func sample(_ plan: ClientPlan, _ context: RLWEContext) throws -> EncryptedSample {
        let count = plan.parameters.plaintextModuli.count
        guard ciphertexts.count == count else {
            throw WireError.wrongCount("ciphertexts", expected: count, found: ciphertexts.count)
        }
        let basis = context.basis(level: context.maximumLevel)
        return EncryptedSample(
            ciphertexts: try ciphertexts.enumerated().map { index, message in
                guard let seed = Seed(message.seed) else {
                    throw WireError.wrongCount(
                        "seed bytes", expected: Seed.byteCount, found: message.seed.count)
                }
                let c0 = try Packing.unpack(
                    [UInt8](message.residues)[...], basis: basis, what: "ciphertext \(index)")
                return Ciphertext.expand(c0: c0, seed: seed, plaintextIndex: index)
            })
    }
}

extension Blindsight_V1_ReplyMessage {
    init(_ reply: EncryptedReply) {
        self.init()
        ciphertexts = reply.ciphertexts.map { ciphertext in
            var message = Blindsight_V1_CompressedMessage()
            message.c0 = Data(Packing.pack(ciphertext.c0, bits: ciphertext.c0Bits))
            message.c1 = Data(Packing.pack(ciphertext.c1, bits: ciphertext.c1Bits))
            return message
        }
    }

    func reply(_ plan: ClientPlan) throws -> EncryptedReply {
        let count = plan.parameters.plaintextModuli.count
        guard ciphertexts.count == count else {
            throw WireError.wrongCount("ciphertexts", expected: count, found: ciphertexts.count)
        }
        let n = plan.parameters.degree
        return EncryptedReply(
            ciphertexts: try ciphertexts.enumerated().map { index, message in
                CompressedCiphertext(
                    c0Bits: plan.replyC0Bits, c1Bits: plan.replyC1Bits, plaintextIndex: index,
                    c0: try Self.unpack(message.c0, n, plan.replyC0Bits),
                    c1: try Self.unpack(message.c1, n, plan.replyC1Bits))
            })
    }

    private static func unpack(_ data: Data, _ count: Int, _ bits: Int) throws -> [UInt64] {
        let size = Packing.byteCount(count, bits: bits)
        guard data.count == size else {
            throw WireError.wrongCount("reply bytes", expected: size, found: data.count)
        }
        return Packing.unpack([UInt8](data), count: count, bits: bits)
    }
}
