// SPDX-License-Identifier: Apache-2.0

/// Bytes at known places, such as those of a file.
public protocol ByteSource: Sendable {
    /// Bytes in all.
    var count: Int { get }
    /// What errors call it: a file's path. "bytes" unless a type says otherwise.
    var name: String { get }

    /// Fills `buffer` with the bytes from `offset` on.
    /// - Throws: `FileError` where there are not that many.
    func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int) throws
}

extension ByteSource {
    public var name: String { "bytes" }

    /// `length` bytes from `offset` on.
    /// - Throws: `FileError` where there are not that many; no memory is taken then.
    package func bytes(_ length: Int, at offset: Int) throws -> [UInt8] {
        try requireBytes(length, at: offset)
        var bytes = [UInt8](repeating: 0, count: length)
        try bytes.withUnsafeMutableBytes { try read(into: $0, at: offset) }
        return bytes
    }

    /// Checks that there are `length` bytes from `offset` on.
    /// - Throws: `FileError`.
    package func requireBytes(_ length: Int, at offset: Int) throws(FileError) {
        guard length >= 0, offset >= 0, offset <= count, length <= count - offset else {
            throw FileError(
                path: name, reason: "it has \(count) bytes; \(length) are needed at \(offset)")
        }
    }
}
