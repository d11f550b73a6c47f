// SPDX-License-Identifier: Apache-2.0

import Files
import Paillier
import Wire

/// The body of a request or reply under Paillier: for each plaintext of samples in turn a ciphertext a feature, or an
/// output. A ciphertext is a0 + a1 n, each coordinate little endian at the bytes of n.
extension EncryptedVector: GroupBody {
    package var byteCount: Int { count * publicKey.ciphertextBytes }

    package func write(to sink: any ByteSink) throws {
        try bytes.withUnsafeBytes { try sink.write($0) }
    }

    /// - Throws: `PaillierError` for what is no ciphertext.
    package init(_ body: BodyReader, publicKey: PaillierPublicKey) throws {
        try self.init(bytes: body.bytes(body.remaining), publicKey: publicKey)
    }
}

/// What a server needs: the public key.
extension PaillierPublicKey: KeyMaterial {
    package func encoded() -> [UInt8] { bytes }
}
