// SPDX-License-Identifier: Apache-2.0

import Crypto
import Files

/// What a method puts into a group: ciphertexts that know their own bytes.
package protocol GroupBody: Sendable {
    /// Bytes that `write` writes.
    var byteCount: Int { get }
    func write(to sink: any ByteSink) throws
}

extension GroupHead {
    /// Writes a whole group: head, body and checksum, hashed as they go by.
    /// - Throws: what the sink throws.
    package func write(_ body: any GroupBody, to sink: any ByteSink) throws {
        precondition(body.byteCount == bodyLength)
        let hashing = HashingSink(sink)
        try bytes.withUnsafeBytes { try hashing.write($0) }
        try body.write(to: hashing)
        precondition(hashing.count == GroupHead.length + bodyLength)
        try Array(hashing.hash.finalize()).withUnsafeBytes { try sink.write($0) }
    }
}

/// Hashes what goes by, in pieces that stay in the cache.
private final class HashingSink: ByteSink {
    private let sink: any ByteSink
    var hash = SHA256()
    var count = 0

    init(_ sink: any ByteSink) { self.sink = sink }

    func write(_ bytes: UnsafeRawBufferPointer) throws {
        for start in stride(from: 0, to: bytes.count, by: BodyReader.pieceLength) {
            let piece = UnsafeRawBufferPointer(
                rebasing: bytes[start..<min(start + BodyReader.pieceLength, bytes.count)])
            hash.update(bufferPointer: piece)
            try sink.write(piece)
        }
        count += bytes.count
    }
}
