import Foundation

/// A regular file opened for reading, by position. What is read never depends on its size staying as it was.
final class InputFile: Sendable {
    let path: String
    /// Bytes when it was opened.
    let count: Int
    private let descriptor: Int32

    /// - Throws: `WireError.file` where it can't be opened or is no regular file.
    init(_ path: String) throws {
        self.path = path
        // Not blocking: a named pipe must not hang before it is refused.
        descriptor = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC)
        guard descriptor >= 0 else { throw WireError.failure(path) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else {
            let failure = WireError.failure(path)
            close(descriptor)
            throw failure
        }
        guard status.st_mode & S_IFMT == S_IFREG else {
            close(descriptor)
            throw WireError.file(path: path, reason: "not a regular file")
        }
        count = Int(status.st_size)
    }

    deinit { close(descriptor) }

    /// Fills `buffer` with what lies at `offset`.
    /// - Throws: `WireError.file`, also where the file has become shorter.
    func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int) throws {
        var done = 0
        while done < buffer.count {
            let found = pread(
                descriptor, buffer.baseAddress! + done, buffer.count - done, off_t(offset + done))
            if found < 0 && errno == EINTR { continue }
            guard found > 0 else {
                throw found < 0
                    ? WireError.failure(path)
                    : WireError.file(path: path, reason: "it became shorter while it was read")
            }
            done += found
        }
    }

    /// `length` bytes at `offset`.
    func bytes(_ length: Int, at offset: Int) throws -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: length)
        try bytes.withUnsafeMutableBytes { try read(into: $0, at: offset) }
        return bytes
    }
}

extension WireError {
    /// What the last call of the system said.
    static func failure(_ path: String) -> WireError {
        .file(path: path, reason: String(cString: strerror(errno)))
    }
}
