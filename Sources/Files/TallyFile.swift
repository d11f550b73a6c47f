// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// A count that outlives the process: the length of a file. Several processes may add to it at once.
package struct TallyFile: Sendable {
    private let path: String

    package init(_ path: String) { self.path = path }

    /// 0 where there is no file.
    /// - Throws: `FileError` for a name that stands for anything but a regular file.
    package func count() throws(FileError) -> Int {
        guard let status = status(path) else {
            guard errno == ENOENT else { throw .system(path) }
            return 0
        }
        guard status.isRegular else { throw .notRegular(path) }
        return Int(status.st_size)
    }

    /// Adds one; it is on the disk when this returns.
    /// - Throws: `FileError`.
    package func increment() throws(FileError) { try mark(path, O_APPEND) }

    /// The calls of `increment` on another file, whose length stays 1: whoever waits can't tell the two apart.
    package func rehearse() { try? mark(path + ".idle", O_TRUNC) }

    private func mark(_ path: String, _ flag: Int32) throws(FileError) {
        let descriptor = openFile(
            path, O_WRONLY | flag | O_CREAT | O_NOFOLLOW | O_NONBLOCK, mode: 0o600)
        guard descriptor >= 0 else { throw .system(path) }
        defer { close(descriptor) }
        var mark: UInt8 = 0x2e
        let isWritten = withUnsafePointer(to: &mark) { write(descriptor, $0, 1) } == 1
        guard isWritten else { throw .system(path) }
        guard fsync(descriptor) == 0 else { throw .system(path) }
        syncFolder(of: path)
    }

    /// Back to 0.
    /// - Throws: `FileError`.
    package func remove() throws(FileError) {
        guard unlink(path) == 0 || errno == ENOENT else { throw .system(path) }
    }
}
