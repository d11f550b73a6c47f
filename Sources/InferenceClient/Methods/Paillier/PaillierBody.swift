// SPDX-License-Identifier: Apache-2.0

import Files
import Paillier
import Wire

/// The body of a request or reply under Paillier: for each plaintext of samples in turn a ciphertext a feature, or an
/// output. A ciphertext is a0 + a1 n, each coordinate little endian at the bytes of n.
package struct PaillierBody: GroupBody {
    package let ciphertexts: EncryptedVector

    package init(_ ciphertexts: EncryptedVector) { self.ciphertexts = ciphertexts }

    package var byteCount: Int { ciphertexts.count * ciphertexts.publicKey.ciphertextBytes }

    package func write(to sink: any ByteSink) throws {
        try ciphertexts.bytes.withUnsafeBytes { try sink.write($0) }
    }

    /// - Throws: `PaillierError` for what is no ciphertext.
    package init(_ body: BodyReader, publicKey: PaillierPublicKey) throws {
        ciphertexts = try EncryptedVector(
            bytes: try body.bytes(body.remaining), publicKey: publicKey)
    }
}

/// What a server needs: the public key.
package struct PaillierKeys: KeyMaterial {
    package let publicKey: PaillierPublicKey

    package init(publicKey: PaillierPublicKey) { self.publicKey = publicKey }

    package func encoded() -> [UInt8] { publicKey.bytes }
}
