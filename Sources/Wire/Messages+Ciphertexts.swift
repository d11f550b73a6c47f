import BFV
import Foundation
import Inference
import Ring

extension Blindsight_V1_RequestMessage {
    /// - Throws: `WireError` for ciphertexts that are not fresh from an encryptor of `plan`.
    init(_ sample: EncryptedSample, _ plan: ClientPlan) throws {
        self.init()
        let parameters = plan.parameters
        let moduli = parameters.plaintextModuli.count
        let count = moduli * plan.inputLayouts.count
        guard sample.ciphertexts.count == count else {
            throw WireError.wrongCount(
                "ciphertexts", expected: count, found: sample.ciphertexts.count)
        }
        ciphertexts = try sample.ciphertexts.enumerated().map { index, ciphertext in
            guard let seed = ciphertext.seed, ciphertext.polynomials.count == 2,
                ciphertext.plaintextIndex == index % moduli,
                ciphertext.basis.degree == parameters.degree,
                ciphertext.basis.moduli == parameters.ciphertextModuli
            else {
                throw WireError.malformed("a request that was not encrypted for this plan")
            }
            var message = Blindsight_V1_CiphertextMessage()
            message.seed = Data(seed.bytes)
            message.residues = Data(Packing.pack(ciphertext.polynomials[0]))
            return message
        }
    }

    func sample(_ plan: ClientPlan, _ context: BFVContext) throws -> EncryptedSample {
        let moduli = plan.parameters.plaintextModuli.count
        let count = moduli * plan.inputLayouts.count
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
                return Ciphertext.expand(c0: c0, seed: seed, plaintextIndex: index % moduli)
            })
    }
}

extension Blindsight_V1_ReplyMessage {
    /// - Throws: `WireError` for a reply of another form than the plan's.
    init(_ reply: EncryptedReply, _ plan: ClientPlan) throws {
        self.init()
        let count = plan.parameters.plaintextModuli.count
        guard reply.ciphertexts.count == count else {
            throw WireError.wrongCount(
                "ciphertexts", expected: count, found: reply.ciphertexts.count)
        }
        ciphertexts = try reply.ciphertexts.enumerated().map { index, ciphertext in
            guard ciphertext.plaintextIndex == index, ciphertext.c0Bits == plan.replyC0Bits,
                ciphertext.c1Bits == plan.replyC1Bits,
                ciphertext.c0.count == plan.parameters.degree
            else { throw WireError.malformed("a reply that was not made for this plan") }
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
