// SPDX-License-Identifier: Apache-2.0

/// The bytes of a source, from a place on, one after another.
package final class SourceStream: ByteStream {
    /// Where the next byte lies.
    package private(set) var offset: Int
    private let source: any ByteSource

    package var name: String { source.name }

    /// - Parameter offset: of the first byte, 0 or more.
    package init(_ source: any ByteSource, from offset: Int = 0) {
        precondition(offset >= 0)
        self.source = source
        self.offset = offset
    }

    package func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        let length = max(0, min(buffer.count, source.count - offset))
        guard length > 0 else { return 0 }
        try source.read(
            into: UnsafeMutableRawBufferPointer(rebasing: buffer[..<length]), at: offset)
        offset += length
        return length
    }
}
