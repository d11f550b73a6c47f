// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// What comes through a descriptor: of a socket, a pipe or standard input.
package final class DescriptorStream: ByteStream {
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

    /// Opens whatever has this name: a file, a pipe, a device, an open descriptor (/dev/fd/3). A named pipe that nobody
    /// writes to is at its end.
    /// - Throws: `FileError`.
    package convenience init(opening path: String) throws(FileError) {
        let descriptor = openFile(path, O_RDONLY | O_NONBLOCK)
        guard descriptor >= 0 else { throw .system(path) }
        self.init(descriptor, name: path, closes: true)
    }

    deinit { if closes { close(descriptor) } }

    package func read(into buffer: UnsafeMutableRawBufferPointer) throws(FileError) -> Int {
        let count = readSome(descriptor, into: buffer)
        guard count >= 0 else { throw .system(name) }
        return count
    }
}
