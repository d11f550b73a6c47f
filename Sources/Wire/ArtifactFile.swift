import Files

/// Reading and writing whole files: nothing half-written, nothing unbounded.
public enum ArtifactFile {
    /// The largest file that is read: evaluation keys of the largest plans fit.
    public static let maximumBytes = 1 << 31

    /// The whole file.
    /// - Throws: `FileError` where it can't be read, is no regular file or exceeds `limit` bytes.
    public static func read(_ path: String, limit: Int = maximumBytes) throws -> [UInt8] {
        try RegularFile.bytes(of: path, limit: limit)
    }

    /// Writes to a temporary name beside `path`, syncs, renames; a device or a pipe is written to directly. A secret is
    /// readable by its owner only (0600) from the start, and by default never replaces a file. On failure nothing is
    /// left behind.
    /// - Parameter overwrite: whether a file of this name may be replaced; nil: unless it is secret.
    /// - Throws: `FileError`.
    public static func write(
        _ bytes: [UInt8], to path: String, isSecret: Bool = false, overwrite: Bool? = nil
    ) throws {
        try StagedFile.write(bytes, to: path, isSecret: isSecret, overwrite: overwrite)
    }
}
