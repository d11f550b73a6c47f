// SPDX-License-Identifier: Apache-2.0

import BFV
import CKernels
import Files
import Wire

/// The body of a reply under BFV: compressed ciphertexts, c_0 then c_1 of each, those of t_0 first.
package struct CompressedReply: GroupBody {
    package let ciphertexts: [CompressedCiphertext]

    package init(ciphertexts: [CompressedCiphertext]) { self.ciphertexts = ciphertexts }

    package var byteCount: Int {
        ciphertexts.reduce(0) {
            $0 + ResiduePacking.byteCount($1.c0.count, bits: $1.c0Bits)
                + ResiduePacking.byteCount($1.c1.count, bits: $1.c1Bits)
        }
    }

    package func write(to sink: any ByteSink) throws {
        for ciphertext in ciphertexts {
            for (words, bits) in [
                (ciphertext.c0, ciphertext.c0Bits), (ciphertext.c1, ciphertext.c1Bits),
            ] {
                try ResiduePacking.pack(words, bits: bits).withUnsafeBytes { try sink.write($0) }
            }
        }
    }

    /// - Parameter perModulus: ciphertexts of each t_i. The body's length is known to be theirs.
    package init(_ body: BodyReader, _ settings: BFVSettings, perModulus: Int) throws {
        let n = settings.parameters.degree
        func words(_ bits: Int) throws -> [UInt64] {
            ResiduePacking.unpack(
                try body.bytes(ResiduePacking.byteCount(n, bits: bits)), count: n, bits: bits)
        }
        ciphertexts = try (0..<settings.parameters.plaintextModuli.count * perModulus).map {
            CompressedCiphertext(
                c0Bits: settings.replyC0Bits, c1Bits: settings.replyC1Bits,
                plaintextIndex: $0 / perModulus, c0: try words(settings.replyC0Bits),
                c1: try words(settings.replyC1Bits))
        }
    }
}

/// The decryptor's part that the two methods on BFV share.
struct ReplyDecryptor: Sendable {
    let settings: BFVSettings
    let decryptor: Decryptor

    /// Slots of one ciphertext of t_i.
    /// - Throws: `InferenceError` for another form than the plan's.
    func slots(
        of ciphertext: CompressedCiphertext, plaintextIndex: Int
    ) throws -> DecryptedSlots {
        guard ciphertext.plaintextIndex == plaintextIndex,
            ciphertext.c0Bits == settings.replyC0Bits, ciphertext.c1Bits == settings.replyC1Bits,
            ciphertext.c0.count == settings.parameters.degree
        else { throw InferenceError.unexpectedReply }
        return try decryptor.decrypt(ciphertext)
    }

    /// Refuses noise above the certified bounds: not an answer to this key's request. After all of a reply was
    /// decrypted and decoded, so that what it took doesn't tell which ciphertext was refused, or whether one was.
    /// - Parameter margins: of the ciphertexts, `perModulus` of each t_i.
    func requireMargins(_ margins: [Double], perModulus: Int) throws {
        let isRefused = margins.indices.map {
            margins[$0] < settings.noiseMarginBits[$0 / perModulus] - 0x1p-20
        }
        guard !isRefused.contains(true) else { throw InferenceError.excessiveNoise }
    }
}
