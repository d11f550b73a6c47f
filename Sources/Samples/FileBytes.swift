#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// Why a file could not be read.
public enum FileError: Error, Equatable, CustomStringConvertible {
    case cannotOpen(path: String, reason: String)
    case notAFile(path: String)
    case tooLarge(path: String, limit: Int)
    case readFailed(path: String, reason: String)

    public var description: String {
        switch self {
        case .cannotOpen(let path, let reason): "cannot open \(path): \(reason)"
        case .notAFile(let path): "\(path) is not a regular file"
        case .tooLarge(let path, let limit): "\(path) is larger than \(limit) bytes"
        case .readFailed(let path, let reason): "cannot read \(path): \(reason)"
        }
    }
}

/// Whole files as bytes, up to a limit.
package enum FileBytes {
    /// - Throws: `FileError`; never allocates much more than the smaller of the file and the limit.
    package static func read(path: String, limit: Int) throws(FileError) -> [UInt8] {
        // Not blocking: a named pipe must not hang before it is refused.
        let descriptor = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC)
        guard descriptor >= 0 else { throw .cannotOpen(path: path, reason: errorText()) }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else {
            throw .readFailed(path: path, reason: errorText())
        }
        guard status.st_mode & S_IFMT == S_IFREG else { throw .notAFile(path: path) }
        guard Int(status.st_size) <= limit else { throw .tooLarge(path: path, limit: limit) }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(Int(status.st_size))
        var chunk = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = chunk.withUnsafeMutableBytes { buffer in
                #if canImport(Darwin)
                    Darwin.read(descriptor, buffer.baseAddress, buffer.count)
                #elseif canImport(Musl)
                    Musl.read(descriptor, buffer.baseAddress, buffer.count)
                #else
                    Glibc.read(descriptor, buffer.baseAddress, buffer.count)
                #endif
            }
            if count < 0 {
                if errno == EINTR { continue }
                throw .readFailed(path: path, reason: errorText())
            }
            if count == 0 { return bytes }
            // The file may grow while it is read.
            guard bytes.count + count <= limit else {
                throw .tooLarge(path: path, limit: limit)
            }
            bytes.append(contentsOf: chunk[0..<count])
        }
    }

    private static func errorText() -> String { String(cString: strerror(errno)) }
}
