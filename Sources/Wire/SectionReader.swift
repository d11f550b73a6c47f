// SPDX-License-Identifier: Apache-2.0

import Crypto
import Files

/// One section of an envelope that isn't held in memory, read once from its beginning to its end. What it says may be
/// used when `whole` has compared the checksum, not before.
package final class SectionReader {
    /// Bytes read and hashed at once: they stay in the cache.
    private static let pieceLength = 1 << 18

    /// Bytes of the section that were not read yet.
    package private(set) var remaining: Int
    private let source: any ByteSource
    private var offset: Int
    /// nil where the checksum was compared before.
    private var hash: SHA256?

    /// - Parameters:
    ///   - range: the section's place in `source`.
    ///   - before: all bytes before it, as they were checked; nil where the checksum was compared before.
    package init(_ source: any ByteSource, range: Range<Int>, after before: [UInt8]?) {
        self.source = source
        remaining = range.count
        offset = range.lowerBound
        hash = before.map {
            var hash = SHA256()
            hash.update(data: $0)
            return hash
        }
    }

    /// Fills a buffer.
    /// - Throws: `WireError` where the section is shorter, and what the source throws.
    package func read(into buffer: UnsafeMutableRawBufferPointer) throws {
        guard buffer.count <= remaining else {
            throw WireError.wrongCount(
                "bytes of a section", expected: buffer.count, found: remaining)
        }
        remaining -= buffer.count
        try pull(buffer)
    }

    /// What is left of the section.
    package func bytes() throws -> [UInt8] {
        try [UInt8](unsafeUninitializedCapacity: remaining) { buffer, initialized in
            let count = remaining
            try read(
                into: UnsafeMutableRawBufferPointer(
                    rebasing: UnsafeMutableRawBufferPointer(buffer)[..<count]))
            initialized = count
        }
    }

    /// Reads the section by `read`, and compares the checksum. Of a damaged file the checksum is told of, not what the
    /// damage looks like.
    /// - Throws: `WireError.corrupt`, what `read` throws, and what the source does.
    package func whole<Value>(_ read: (SectionReader) throws -> Value) throws -> Value {
        let value = Result { try read(self) }
        try finish()
        let found = try value.get()
        guard remaining == 0 else { throw WireError.malformed("bytes after the keys") }
        return found
    }

    /// Hashes what is left of the envelope, and compares.
    private func finish() throws {
        guard hash != nil else { return }
        let left = remaining
        let end = source.count - Envelope.checksumLength
        if offset < end {
            let piece = UnsafeMutableRawBufferPointer.allocate(
                byteCount: min(end - offset, Self.pieceLength), alignment: 16)
            defer { piece.deallocate() }
            while offset < end {
                let next = piece[..<min(piece.count, end - offset)]
                try pull(UnsafeMutableRawBufferPointer(rebasing: next))
            }
        }
        remaining = left
        let checksum = try source.bytes(Envelope.checksumLength, at: end)
        guard let hash, hash.finalize() == checksum[...] else { throw WireError.corrupt }
    }

    private func pull(_ buffer: UnsafeMutableRawBufferPointer) throws {
        for start in stride(from: 0, to: buffer.count, by: Self.pieceLength) {
            let piece = UnsafeMutableRawBufferPointer(
                rebasing: buffer[start..<min(start + Self.pieceLength, buffer.count)])
            try source.read(into: piece, at: offset)
            offset += piece.count
            hash?.update(bufferPointer: UnsafeRawBufferPointer(piece))
        }
    }
}
