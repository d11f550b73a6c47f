// SPDX-License-Identifier: Apache-2.0

/// Bytes that come one after another, such as those of a socket.
public protocol ByteStream: AnyObject {
    /// What errors call it. "stream" unless a type says otherwise.
    var name: String { get }

    /// Waits for bytes and puts them at the start of `buffer`.
    /// - Parameter buffer: of at least one byte.
    /// - Returns: how many came, at least one; 0 at the end.
    /// - Throws: `FileError`.
    func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int
}

extension ByteStream {
    public var name: String { "stream" }

    /// Fills `buffer`.
    /// - Throws: `FileError`, also where the stream ends before.
    package func fill(_ buffer: UnsafeMutableRawBufferPointer) throws {
        var done = 0
        while done < buffer.count {
            let found = try read(
                into: UnsafeMutableRawBufferPointer(rebasing: buffer[done...]))
            guard found > 0 else {
                throw FileError(
                    path: name, reason: "it ended after \(done) bytes of \(buffer.count)")
            }
            done += found
        }
    }

    /// The next `length` bytes. Memory is taken as they come, so that a length that isn't true costs little.
    /// - Throws: `FileError`, also where the stream ends before.
    package func bytes(_ length: Int) throws -> [UInt8] {
        var bytes: [UInt8] = []
        while bytes.count < length {
            let done = bytes.count
            bytes.append(
                contentsOf: repeatElement(0, count: min(length - done, max(done, 1 << 16))))
            try bytes.withUnsafeMutableBytes {
                try fill(UnsafeMutableRawBufferPointer(rebasing: $0[done...]))
            }
        }
        return bytes
    }
}
