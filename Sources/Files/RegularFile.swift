// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// A regular file opened for reading, by position. What is read never depends on its size staying as it was.
public final class RegularFile: ByteSource {
    package let path: String
    /// Bytes when it was opened.
    public let count: Int
    private let descriptor: Int32

    public var name: String { path }

    /// Opens a file, at once: a named pipe, a device or a folder is refused and never waited for.
    /// - Throws: `FileError`.
    public convenience init(_ path: String) throws(FileError) {
        // Not blocking: a named pipe must not hang before it is refused.
        let descriptor = openFile(path, O_RDONLY | O_NONBLOCK)
        guard descriptor >= 0 else {
            // What the system says of a socket.
            throw errno == ENXIO ? .notRegular(path) : .system(path)
        }
        try self.init(path, owning: descriptor)
    }

    /// - Parameter descriptor: open for reading, closed with this object.
    init(_ path: String, owning descriptor: Int32) throws(FileError) {
        self.path = path
        self.descriptor = descriptor
        guard let status = status(descriptor) else {
            let failure = FileError.system(path)
            close(descriptor)
            throw failure
        }
        guard status.isRegular else {
            close(descriptor)
            throw .notRegular(path)
        }
        count = Int(status.st_size)
    }

    deinit { close(descriptor) }

    /// Fills `buffer` with the bytes from `offset` on.
    /// - Throws: `FileError`, also where the file has become shorter.
    public func read(
        into buffer: UnsafeMutableRawBufferPointer, at offset: Int
    ) throws(FileError) {
        try requireBytes(buffer.count, at: offset)
        var done = 0
        while done < buffer.count {
            let found = readSome(
                descriptor, into: UnsafeMutableRawBufferPointer(rebasing: buffer[done...]),
                at: offset + done)
            guard found >= 0 else { throw .system(path) }
            guard found > 0 else {
                throw FileError(path: path, reason: "it became shorter while it was read")
            }
            done += found
        }
    }

    /// The whole file.
    /// - Throws: `FileError`, also where it has more than `limit` bytes, before any is read.
    package func bytes(limit: Int) throws -> [UInt8] {
        guard count <= limit else {
            throw FileError(path: path, reason: "\(count) bytes; at most \(limit) are read")
        }
        return try bytes(count, at: 0)
    }

    /// The whole file at `path`.
    /// - Throws: `FileError`, also where it has more than `limit` bytes, before any is read.
    package static func bytes(of path: String, limit: Int) throws -> [UInt8] {
        try RegularFile(path).bytes(limit: limit)
    }
}
