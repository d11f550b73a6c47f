// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// A file that is written beside its own name, synced and named at the end. One that is not finished is removed.
///
/// Until then it has no name at all where the system knows such files, so that nothing of it, a secret least of all,
/// outlives a process that is killed; elsewhere it has a temporary one.
///
/// A name that stands for a device, a pipe or an open descriptor (/dev/null, /dev/stdout) is written to directly, and
/// stays what it is.
public final class StagedFile: ByteSink {
    private enum Name: Equatable {
        /// Its own from the start: of a device.
        case own
        case none
        case temporary(String)
    }

    package let path: String
    private let overwrite: Bool
    private let name: Name
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
        let mode: mode_t = isPrivate ? 0o600 : 0o644
        if let descriptor = try place.open(path) {
            self.descriptor = descriptor
            name = .own
        } else if let descriptor = openUnnamedFile(for: path, mode: mode) {
            self.descriptor = descriptor
            name = .none
        } else {
            let temporary = "\(path).\(Self.randomName)"
            name = .temporary(temporary)
            descriptor = try TemporaryFiles.add(temporary, for: path) { () throws(FileError) in
                let descriptor = openFile(temporary, O_WRONLY | O_CREAT | O_EXCL, mode: mode)
                guard descriptor >= 0 else { throw .system(path) }
                return descriptor
            }
        }
    }

    deinit {
        guard isOpen else { return }
        close(descriptor)
        if case .temporary(let temporary) = name { Self.remove(temporary) }
    }

    public func write(_ bytes: UnsafeRawBufferPointer) throws(FileError) {
        precondition(isOpen, "a file is written before it is finished")
        try writeAll(bytes, to: descriptor, path: path)
    }

    /// Syncs all, then gives them their names, in this order: on a full disk none gets its name.
    /// - Throws: `FileError`.
    package static func finish(_ files: [StagedFile]) throws(FileError) {
        for file in files { try file.sync() }
        for file in files { try file.finish() }
    }

    /// Syncs and gives it its name.
    /// - Throws: `FileError`; nothing is left behind then.
    public func finish() throws(FileError) {
        precondition(isOpen, "a file is finished once")
        try sync()
        switch name {
        case .own:
            isOpen = false
            guard close(descriptor) == 0 || errno == EINTR else { throw .system(path) }
            return
        case .none: try giveName()
        case .temporary(let temporary): try rename(temporary)
        }
        isOpen = false
        close(descriptor)
        syncFolder(of: path)
    }

    private func sync() throws(FileError) {
        guard name == .own || fsync(descriptor) == 0 else { throw .system(path) }
    }

    /// To a file without a name.
    private func giveName() throws(FileError) {
        // This never replaces anything.
        if linkUnnamedFile(descriptor, to: path) { return }
        guard overwrite, errno == EEXIST else { throw .system(path) }
        // Only renaming replaces a file, and it needs a name to begin with. A short one: the file's own may be long.
        let temporary = folder(of: path) + ".\(Self.randomName)"
        _ = try TemporaryFiles.add(temporary, for: path) {
            [descriptor, path] () throws(FileError) in
            guard linkUnnamedFile(descriptor, to: temporary) else { throw .system(path) }
            return descriptor
        }
        do { try rename(temporary) } catch {
            Self.remove(temporary)
            throw error
        }
    }

    /// Gives a file with a temporary name its own.
    private func rename(_ temporary: String) throws(FileError) {
        if overwrite {
            guard replaceFile(path, by: temporary) else { throw .system(path) }
        } else {
            // link fails where the name is taken, so nothing is ever replaced.
            guard link(temporary, path) == 0 else { throw .system(path) }
            unlink(temporary)
        }
        TemporaryFiles.forget(temporary)
    }

    private static func remove(_ temporary: String) {
        unlink(temporary)
        TemporaryFiles.forget(temporary)
    }

    private static var randomName: String {
        var generator = SystemRandomNumberGenerator()
        return "\(String(generator.next(), radix: 36)).tmp"
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
