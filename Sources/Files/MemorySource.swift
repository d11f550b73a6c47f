// SPDX-License-Identifier: Apache-2.0

/// Bytes in memory, read like a file's.
public struct MemorySource: ByteSource {
    package let bytes: [UInt8]
    public let name: String

    /// Bytes in all.
    public var count: Int { bytes.count }

    /// - Parameter name: what errors call them.
    public init(_ bytes: [UInt8], name: String = "bytes") {
        self.bytes = bytes
        self.name = name
    }

    public func read(
        into buffer: UnsafeMutableRawBufferPointer, at offset: Int
    ) throws(FileError) {
        try requireBytes(buffer.count, at: offset)
        bytes.withUnsafeBytes {
            buffer.copyMemory(from: .init(rebasing: $0[offset...].prefix(buffer.count)))
        }
    }
}
