// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// A file that is written under a temporary name beside its own, synced and renamed at the end. One that is not
/// finished is removed.
///
/// A name that stands for a device, a pipe or an open descriptor (/dev/null, /dev/stdout) is written to directly, and
/// stays what it is.
public final class StagedFile: ByteSink {
    package let path: String
    private let overwrite: Bool
    /// nil where it is written to directly.
    private let temporary: String?
    private let descriptor: Int32
    private var isOpen = true

    /// - Parameters:
    ///   - isPrivate: whether it is readable by its owner only (0600), from the start.
    ///   - overwrite: whether a file of this name may be replaced, or a device of this name be written to.
    /// - Throws: `FileError`.
    public init(_ path: String, isPrivate: Bool = false, overwrite: Bool = true) throws(FileError) {
        self.path = path
        self.overwrite = overwrite
        // A file that appears later is seen at the end.
        guard overwrite || status(path) == nil else { throw .system(path, EEXIST) }
        let place = try OutputPlace(path)
        if let descriptor = try place.open(path) {
            self.descriptor = descriptor
            temporary = nil
            return
        }
        var generator = SystemRandomNumberGenerator()
        let temporary = "\(path).\(String(generator.next(), radix: 36)).tmp"
        self.temporary = temporary
        descriptor = try TemporaryFiles.add(temporary, for: path) { () throws(FileError) in
            let descriptor = openFile(
                temporary, O_WRONLY | O_CREAT | O_EXCL, mode: isPrivate ? 0o600 : 0o644)
            guard descriptor >= 0 else { throw .system(path) }
            return descriptor
        }
    }

    deinit {
        guard isOpen else { return }
        close(descriptor)
        if let temporary {
            unlink(temporary)
            TemporaryFiles.forget(temporary)
        }
    }

    public func write(_ bytes: UnsafeRawBufferPointer) throws(FileError) {
        precondition(isOpen, "a file is written before it is finished")
        try writeAll(bytes, to: descriptor, path: path)
    }

    /// Syncs all, then gives them their names, in this order: on a full disk none gets its name.
    /// - Throws: `FileError`.
    package static func finish(_ files: [StagedFile]) throws(FileError) {
        for file in files where file.temporary != nil {
            guard fsync(file.descriptor) == 0 else { throw .system(file.path) }
        }
        for file in files { try file.finish() }
    }

    /// Syncs and gives it its name.
    /// - Throws: `FileError`; nothing is left behind then.
    public func finish() throws(FileError) {
        precondition(isOpen, "a file is finished once")
        guard let temporary else {
            isOpen = false
            guard close(descriptor) == 0 || errno == EINTR else { throw .system(path) }
            return
        }
        guard fsync(descriptor) == 0 else { throw .system(path) }
        if overwrite {
            guard rename(temporary, path) == 0 else { throw .system(path) }
        } else {
            // link fails where the name is taken, so nothing is ever replaced.
            guard link(temporary, path) == 0 else { throw .system(path) }
            unlink(temporary)
        }
        isOpen = false
        close(descriptor)
        TemporaryFiles.forget(temporary)
        syncFolder(of: path)
    }

    /// Writes a whole file.
    ///
    /// A secret is readable by its owner only (0600) from the start, and by default never replaces a file.
    /// - Parameter overwrite: whether a file of this name may be replaced; nil: unless it is secret.
    /// - Throws: `FileError`; nothing is left behind then.
    package static func write(
        _ bytes: [UInt8], to path: String, isSecret: Bool = false, overwrite: Bool? = nil
    ) throws {
        let file = try StagedFile(path, isPrivate: isSecret, overwrite: overwrite ?? !isSecret)
        try file.write(bytes)
        try file.finish()
    }
}
