#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// Writes to a descriptor: of a socket, a pipe or standard output.
///
/// Where the reader has gone, the system's signal SIGPIPE ends the process unless it ignores that signal; then an error
/// is thrown.
public final class DescriptorSink: ByteSink {
    /// What errors call it.
    public let name: String
    private let descriptor: Int32
    private let closes: Bool

    /// - Parameters:
    ///   - name: what errors call it.
    ///   - closes: whether the descriptor is closed with this object.
    public init(_ descriptor: Int32, name: String, closes: Bool = false) {
        self.descriptor = descriptor
        self.name = name
        self.closes = closes
    }

    deinit { if closes { close(descriptor) } }

    public func write(_ bytes: UnsafeRawBufferPointer) throws(FileError) {
        try writeAll(bytes, to: descriptor, path: name)
    }
}
