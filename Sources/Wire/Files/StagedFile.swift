import Foundation

/// A file that is written under a temporary name beside its own, synced and renamed at the end. One that is not finished is removed.
package final class StagedFile {
    package let path: String
    private let temporary: String
    private let descriptor: Int32
    private var isOpen = true

    /// - Parameter isPrivate: whether it is readable by its owner only (0600), from the start.
    /// - Throws: `WireError.file`.
    package init(_ path: String, isPrivate: Bool = false) throws {
        self.path = path
        let temporary = "\(path).\(UUID().uuidString).tmp"
        self.temporary = temporary
        descriptor = try TemporaryFiles.add(temporary) {
            let descriptor = open(
                temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, isPrivate ? 0o600 : 0o644)
            guard descriptor >= 0 else { throw WireError.failure(path) }
            return descriptor
        }
    }

    deinit {
        guard isOpen else { return }
        close(descriptor)
        unlink(temporary)
        TemporaryFiles.forget(temporary)
    }

    /// - Throws: `WireError.file`.
    package func append(_ bytes: [UInt8]) throws { try bytes.withUnsafeBytes { try append($0) } }

    func append(_ bytes: UnsafeRawBufferPointer) throws {
        try Self.write(bytes, to: descriptor, path: path)
    }

    /// Syncs and gives it its name.
    /// - Parameter overwrite: whether a file of this name may be replaced.
    /// - Throws: `WireError.file`; nothing is left behind then.
    package func finish(overwrite: Bool = true) throws {
        precondition(isOpen, "a file is finished once")
        guard fsync(descriptor) == 0 else { throw WireError.failure(path) }
        if overwrite {
            guard rename(temporary, path) == 0 else { throw WireError.failure(path) }
        } else {
            // link fails where the name is taken, so nothing is ever replaced.
            guard link(temporary, path) == 0 else { throw WireError.failure(path) }
            unlink(temporary)
        }
        isOpen = false
        close(descriptor)
        TemporaryFiles.forget(temporary)
        Self.syncFolder(of: path)
    }

    /// All of the bytes, where the descriptor stands.
    static func write(
        _ bytes: UnsafeRawBufferPointer, to descriptor: Int32, path: String
    ) throws {
        var done = 0
        while done < bytes.count {
            let count = Foundation.write(
                descriptor, bytes.baseAddress! + done, bytes.count - done)
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { throw WireError.failure(path) }
            done += count
        }
    }

    /// Makes the new name last through a power cut; where the system can't, the file is written all the same.
    static func syncFolder(of path: String) {
        let folder = path.lastIndex(of: "/").map { String(path[...$0]) } ?? "."
        let descriptor = open(folder, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return }
        _ = fsync(descriptor)
        close(descriptor)
    }
}
