/// Keeps what is written in memory.
public final class MemorySink: ByteSink {
    /// All that was written.
    public private(set) var bytes: [UInt8] = []

    public init() {}

    public func write(_ bytes: UnsafeRawBufferPointer) { self.bytes += bytes }
}
