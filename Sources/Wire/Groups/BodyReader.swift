// SPDX-License-Identifier: Apache-2.0

import Crypto

/// A group's body, read once from its beginning to its end, and hashed on the way.
package final class BodyReader {
    /// Bytes read or written, and hashed, at once: they stay in the cache.
    package static let pieceLength = 1 << 18

    package let head: GroupHead
    /// Bytes of the body that were not read yet.
    package private(set) var remaining: Int
    private var hash = SHA256()
    /// Fills a buffer with what comes next.
    private let next: (UnsafeMutableRawBufferPointer) throws -> Void
    /// Whether `next` failed: then nothing more is asked of it.
    private var isBroken = false

    /// - Parameter next: begins at the body.
    package init(
        _ head: GroupHead, next: @escaping (UnsafeMutableRawBufferPointer) throws -> Void
    ) {
        self.head = head
        self.next = next
        remaining = head.bodyLength
        hash.update(data: head.bytes)
    }

    /// Fills a buffer.
    /// - Precondition: `remaining` is at least its size: lengths were compared with the plan's before.
    package func read(into buffer: UnsafeMutableRawBufferPointer) throws {
        precondition(buffer.count <= remaining)
        for start in stride(from: 0, to: buffer.count, by: Self.pieceLength) {
            let piece = UnsafeMutableRawBufferPointer(
                rebasing: buffer[start..<min(start + Self.pieceLength, buffer.count)])
            try pull(piece)
            hash.update(bufferPointer: UnsafeRawBufferPointer(piece))
        }
        remaining -= buffer.count
    }

    package func bytes(_ count: Int) throws -> [UInt8] {
        try [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
            try read(
                into: UnsafeMutableRawBufferPointer(
                    rebasing: UnsafeMutableRawBufferPointer(buffer)[..<count]))
            initialized = count
        }
    }

    /// Reads the whole body by `read`, and compares the checksum.
    ///
    /// It is read to its end whatever `read` throws, so that the next group can be read from a stream. Of a damaged
    /// body the checksum is told of, not what the damage looks like.
    /// - Throws: `WireError.corrupt`, what `read` throws, and what the source of the bytes does.
    package func whole<Body>(_ read: (BodyReader) throws -> Body) throws -> Body {
        let body = Result { try read(self) }
        if !isBroken { try finish() }
        return try body.get()
    }

    private func pull(_ buffer: UnsafeMutableRawBufferPointer) throws {
        do { try next(buffer) } catch {
            isBroken = true
            throw error
        }
    }

    /// Reads what is left of the body, without keeping it, and compares the checksum.
    /// - Throws: `WireError.corrupt`.
    package func finish() throws {
        if remaining > 0 {
            let piece = UnsafeMutableRawBufferPointer.allocate(
                byteCount: min(remaining, Self.pieceLength), alignment: 16)
            defer { piece.deallocate() }
            while remaining > 0 {
                try read(
                    into: UnsafeMutableRawBufferPointer(
                        rebasing: piece[..<min(piece.count, remaining)]))
            }
        }
        var checksum = [UInt8](repeating: 0, count: Envelope.checksumLength)
        try checksum.withUnsafeMutableBytes { try pull($0) }
        guard hash.finalize() == checksum[...] else { throw WireError.corrupt }
    }
}
