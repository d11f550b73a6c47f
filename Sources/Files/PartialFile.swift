// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// A file that is written in parts, such that a run that ends at any moment can be resumed.
///
/// Until it is finished, its name has `.partial` behind it, and no other process writes it. A name that stands for a
/// device, a pipe or an open descriptor is written to directly: then nothing of an earlier run is found.
package final class PartialFile: ByteSink {
    package let path: String
    /// Bytes that were found when it was opened.
    package let foundCount: Int
    private let isDirect: Bool
    private let descriptor: Int32
    /// Whether nothing in it is worth keeping: then it is removed again.
    private var isEmpty: Bool

    package static func partialPath(of path: String) -> String { path + ".partial" }

    package var partialPath: String { isDirect ? path : Self.partialPath(of: path) }

    /// Opens what an earlier run left, or begins anew. What is found is kept until `truncate`.
    /// - Throws: `FileError`, also while another process writes the file.
    package init(_ path: String) throws(FileError) {
        self.path = path
        if let descriptor = try OutputPlace(path).open(path) {
            self.descriptor = descriptor
            (isDirect, isEmpty, foundCount) = (true, false, 0)
            return
        }
        isDirect = false
        let partial = Self.partialPath(of: path)
        (descriptor, foundCount) = try Self.open(partial)
        isEmpty = foundCount == 0
        // To be removed on an interrupt, as long as there is nothing in it.
        if isEmpty {
            _ = try TemporaryFiles.add(partial, for: partial) { [descriptor] in descriptor }
        }
    }

    deinit {
        if isEmpty { unlink(partialPath) }
        TemporaryFiles.forget(partialPath)
        close(descriptor)
    }

    private static func open(_ path: String) throws(FileError) -> (descriptor: Int32, count: Int) {
        // What a link leads to is never a run's: it would be cut and written over.
        let descriptor = openFile(path, O_RDWR | O_CREAT | O_NONBLOCK | O_NOFOLLOW, mode: 0o644)
        guard descriptor >= 0 else {
            let code = errno
            guard let found = ownStatus(path), found.isLink else { throw .system(path, code) }
            throw FileError(path: path, reason: "a symbolic link, which is not followed")
        }
        guard let mine = status(descriptor), mine.isRegular else {
            close(descriptor)
            throw .notRegular(path)
        }
        guard mine.isWritable else {
            close(descriptor)
            throw .readOnly(path)
        }
        // Not after another process's rename has taken the name away.
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0, let named = ownStatus(path),
            mine.st_ino == named.st_ino, mine.st_dev == named.st_dev
        else {
            close(descriptor)
            throw FileError(path: path, reason: "another process is writing it")
        }
        // Its size once no other writes it.
        guard let locked = status(descriptor) else {
            close(descriptor)
            throw .system(path)
        }
        return (descriptor, Int(locked.st_size))
    }

    /// What was found, for reading.
    /// - Throws: `FileError`.
    package func found() throws(FileError) -> RegularFile {
        if isDirect { return try RegularFile(path) }
        // The file that is locked, whatever its name has become.
        let copy = fcntl(descriptor, F_DUPFD_CLOEXEC, 0)
        guard copy >= 0 else { throw .system(partialPath) }
        return try RegularFile(partialPath, owning: copy)
    }

    /// Keeps the first `count` bytes and goes on after them.
    /// - Throws: `FileError`.
    package func truncate(to count: Int) throws(FileError) {
        precondition((0...foundCount).contains(count))
        if isDirect { return }
        guard ftruncate(descriptor, off_t(count)) == 0,
            lseek(descriptor, 0, SEEK_END) == off_t(count)
        else { throw .system(partialPath) }
        isEmpty = count == 0
    }

    package func write(_ bytes: UnsafeRawBufferPointer) throws(FileError) {
        try writeAll(bytes, to: descriptor, path: partialPath)
    }

    /// Makes what was written last, and kept for a run that resumes.
    /// - Throws: `FileError`.
    package func sync() throws(FileError) {
        if isDirect { return }
        guard fsync(descriptor) == 0 else { throw .system(partialPath) }
        TemporaryFiles.forget(partialPath)
        isEmpty = false
    }

    /// Gives the file its name. What was written must have been synced.
    /// - Throws: `FileError`.
    package func finish() throws(FileError) {
        if isDirect { return }
        guard rename(partialPath, path) == 0 else { throw .system(path) }
        syncFolder(of: path)
    }
}
