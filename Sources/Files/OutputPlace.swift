// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// What a name for output stands for.
enum OutputPlace: Equatable {
    /// A regular file that may be written, or nothing yet: written beside it, then renamed.
    case file
    /// A device, a pipe or a socket: written to as it is, never replaced.
    case device
    /// An open descriptor of this process, such as /dev/stdout, whatever is behind it.
    case descriptor(Int32)

    /// - Throws: `FileError` for a folder, and for a file that is write-protected: renaming would replace it all the
    ///   same.
    init(_ path: String) throws(FileError) {
        if let number = Self.descriptor(path) {
            self = .descriptor(number)
            return
        }
        guard let status = status(path) else {
            // What is wrong, if anything, is told when it is made.
            self = .file
            return
        }
        guard !status.isFolder else { throw .system(path, EISDIR) }
        guard !status.isRegular || status.isWritable else { throw .readOnly(path) }
        self = status.isRegular ? .file : .device
    }

    /// Opens a device or a descriptor for writing; waits for the reader of a named pipe.
    /// - Returns: nil for a file.
    func open(_ path: String) throws(FileError) -> Int32? {
        let descriptor: Int32
        switch self {
        case .file: return nil
        case .device: descriptor = openFile(path, O_WRONLY)
        case .descriptor(let number): descriptor = fcntl(number, F_DUPFD_CLOEXEC, 0)
        }
        guard descriptor >= 0 else { throw .system(path) }
        return descriptor
    }

    /// The number of a descriptor that a name, or the link behind it, stands for.
    private static func descriptor(_ path: String) -> Int32? {
        var path = path
        // As many links as the system follows at most on some platforms.
        for _ in 0..<32 {
            switch path {
            case "/dev/stdin": return 0
            case "/dev/stdout": return 1
            case "/dev/stderr": return 2
            default: break
            }
            for folder in ["/dev/fd/", "/proc/self/fd/", "/proc/\(getpid())/fd/"]
            where path.hasPrefix(folder) {
                return Int32(path.dropFirst(folder.count)).flatMap { $0 >= 0 ? $0 : nil }
            }
            guard let target = link(path) else { return nil }
            path = target.hasPrefix("/") ? target : folder(of: path) + target
        }
        return nil
    }

    private static func link(_ path: String) -> String? {
        var buffer = [UInt8](repeating: 0, count: Int(PATH_MAX))
        let count = buffer.withUnsafeMutableBytes {
            readlink(path, $0.baseAddress!.assumingMemoryBound(to: CChar.self), $0.count)
        }
        return count > 0 ? String(decoding: buffer[..<count], as: UTF8.self) : nil
    }
}

/// All of a path before its last name, with the slash; "" without one.
func folder(of path: String) -> String {
    path.lastIndex(of: "/").map { String(path[...$0]) } ?? ""
}

/// Makes a new name last through a power cut; where the system can't, the file is written all the same.
func syncFolder(of path: String) {
    let folder = folder(of: path)
    let descriptor = openFile(folder.isEmpty ? "." : folder, O_RDONLY)
    guard descriptor >= 0 else { return }
    _ = fsync(descriptor)
    close(descriptor)
}
