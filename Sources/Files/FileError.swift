// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// Why a file could not be read or written.
public struct FileError: Error, Equatable, CustomStringConvertible {
    /// As it was named by the caller.
    package let path: String
    /// In words, without the path.
    package let reason: String

    package init(path: String, reason: String) {
        self.path = path
        self.reason = reason
    }

    public var description: String { "\(path): \(reason)" }

    /// - Parameter path: of a file that its owner may not write to.
    static func readOnly(_ path: String) -> FileError {
        FileError(
            path: path,
            reason: "it is write-protected and is not replaced; allow writing to it, or remove it")
    }

    static func notRegular(_ path: String) -> FileError {
        FileError(path: path, reason: "not a regular file")
    }

    /// - Parameter code: of `errno`; that of the last call if none is given.
    static func system(_ path: String, _ code: Int32 = errno) -> FileError {
        FileError(path: path, reason: String(cString: strerror(code)))
    }
}
