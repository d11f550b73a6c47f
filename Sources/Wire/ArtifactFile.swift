import Foundation

/// Reading and writing whole files: nothing half-written, nothing unbounded.
public enum ArtifactFile {
    /// The largest file that is read: evaluation keys of the largest plans fit.
    public static let maximumBytes = 4 << 30

    public static func read(_ path: String, limit: Int = maximumBytes) throws -> [UInt8] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw failure(path) }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw failure(path) }
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw WireError.file(path: path, reason: "not a regular file")
        }
        let size = Int(status.st_size)
        guard size <= limit else {
            throw WireError.file(path: path, reason: "\(size) bytes; at most \(limit) are read")
        }
        var bytes = [UInt8](repeating: 0, count: size)
        var done = 0
        while done < size {
            let count = bytes.withUnsafeMutableBytes {
                Foundation.read(descriptor, $0.baseAddress! + done, size - done)
            }
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else {
                throw count < 0
                    ? failure(path)
                    : WireError.file(path: path, reason: "it became shorter while it was read")
            }
            done += count
        }
        return bytes
    }

    /// Writes to a temporary name beside `path`, syncs, renames. A secret is readable by its owner only (0600)
    /// from the start.
    /// - Parameter overwrite: whether a file of this name may be replaced.
    public static func write(
        _ bytes: [UInt8], to path: String, isSecret: Bool = false, overwrite: Bool = true
    ) throws {
        let temporary = "\(path).\(UUID().uuidString).tmp"
        let mode: mode_t = isSecret ? 0o600 : 0o644
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode)
        guard descriptor >= 0 else { throw failure(path) }
        do {
            defer { close(descriptor) }
            var done = 0
            while done < bytes.count {
                let count = bytes.withUnsafeBytes {
                    Foundation.write(descriptor, $0.baseAddress! + done, bytes.count - done)
                }
                if count < 0 && errno == EINTR { continue }
                guard count > 0 else { throw failure(path) }
                done += count
            }
            guard fsync(descriptor) == 0 else { throw failure(path) }
            if overwrite {
                guard rename(temporary, path) == 0 else { throw failure(path) }
            } else {
                // link fails where the name is taken, so nothing is ever replaced.
                guard link(temporary, path) == 0 else { throw failure(path) }
                unlink(temporary)
            }
        } catch {
            unlink(temporary)
            throw error
        }
    }

    private static func failure(_ path: String) -> WireError {
        .file(path: path, reason: String(cString: strerror(errno)))
    }
}
