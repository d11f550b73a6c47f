// SPDX-License-Identifier: Apache-2.0

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
package final class DescriptorSink: ByteSink {
    /// What errors call it.
    package let name: String
    private let descriptor: Int32
    private let closes: Bool

    /// - Parameters:
    ///   - name: what errors call it.
    ///   - closes: whether the descriptor is closed with this object.
    package init(_ descriptor: Int32, name: String, closes: Bool = false) {
        self.descriptor = descriptor
        self.name = name
        self.closes = closes
    }

    deinit { if closes { close(descriptor) } }

    package func write(_ bytes: UnsafeRawBufferPointer) throws(FileError) {
        try writeAll(bytes, to: descriptor, path: name)
    }
}
