/// Reading and writing whole files: nothing half-written, nothing unbounded.
public enum ArtifactFile {
    /// The largest file that is read: evaluation keys of the largest plans fit.
    public static let maximumBytes = 1 << 31

    /// The whole file.
    /// - Throws: `WireError.file` where it can't be read, is no regular file or exceeds `limit` bytes.
    public static func read(_ path: String, limit: Int = maximumBytes) throws -> [UInt8] {
        let file = try InputFile(path)
        guard file.count <= limit else {
            throw WireError.file(
                path: path, reason: "\(file.count) bytes; at most \(limit) are read")
        }
        return try file.bytes(file.count, at: 0)
    }

    /// Writes to a temporary name beside `path`, syncs, renames. A secret is readable by its owner only (0600)
    /// from the start, and by default never replaces a file. On failure nothing is left behind.
    /// - Parameter overwrite: whether a file of this name may be replaced; nil: unless it is secret.
    /// - Throws: `WireError.file`.
    public static func write(
        _ bytes: [UInt8], to path: String, isSecret: Bool = false, overwrite: Bool? = nil
    ) throws {
        let file = try StagedFile(path, isPrivate: isSecret)
        try file.append(bytes)
        try file.finish(overwrite: overwrite ?? !isSecret)
    }
}
