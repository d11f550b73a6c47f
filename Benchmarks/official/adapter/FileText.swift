// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// A file that is read as a whole: its bytes, mapped into memory.
final class FileText {
    let path: String
    let bytes: UnsafeRawBufferPointer

    init(reading path: String) throws {
        self.path = path
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw AdapterError.file(path, Self.reason) }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw AdapterError.file(path, Self.reason) }
        let count = Int(status.st_size)
        guard count > 0 else { throw AdapterError.content(path, "is empty") }
        guard let base = mmap(nil, count, PROT_READ, MAP_PRIVATE, descriptor, 0), base != MAP_FAILED
        else { throw AdapterError.file(path, Self.reason) }
        bytes = UnsafeRawBufferPointer(start: base, count: count)
    }

    deinit { munmap(UnsafeMutableRawPointer(mutating: bytes.baseAddress), bytes.count) }

    static var reason: String { String(cString: strerror(errno)) }

    static var standardError: FileOutput { FileOutput(descriptor: 2) }
}

/// A file that is written from its beginning; what is appended is gathered first.
final class FileOutput {
    private static let size = 1 << 20
    private let path: String
    private let descriptor: Int32
    private var buffer: [UInt8] = []

    /// Replaces a file of that name.
    init(writing path: String) throws {
        self.path = path
        descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw AdapterError.file(path, FileText.reason) }
        buffer.reserveCapacity(Self.size + 64)
    }

    /// A descriptor that is open already.
    init(descriptor: Int32) {
        path = "descriptor \(descriptor)"
        self.descriptor = descriptor
    }

    deinit { if descriptor > 2 { close(descriptor) } }

    func append(_ bytes: some Sequence<UInt8>) throws {
        buffer.append(contentsOf: bytes)
        if buffer.count >= Self.size { try flush() }
    }

    /// A number in decimal, then a newline.
    func append(line value: UInt64) throws {
        try withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 21) { digits in
            var (place, rest) = (20, value)
            digits[20] = UInt8(ascii: "\n")
            repeat {
                place -= 1
                digits[place] = UInt8(ascii: "0") + UInt8(rest % 10)
                rest /= 10
            } while rest > 0
            try append(digits[place...])
        }
    }

    /// Writes what was appended.
    func flush() throws {
        try write(buffer)
        buffer.removeAll(keepingCapacity: true)
    }

    /// Writes at once.
    func write(_ bytes: [UInt8]) throws {
        try bytes.withUnsafeBytes { bytes in
            var done = 0
            while done < bytes.count {
                #if canImport(Glibc)
                    let count = Glibc.write(
                        descriptor, bytes.baseAddress! + done, bytes.count - done)
                #else
                    let count = Darwin.write(
                        descriptor, bytes.baseAddress! + done, bytes.count - done)
                #endif
                if count < 0 && errno == EINTR { continue }
                guard count > 0 else { throw AdapterError.file(path, FileText.reason) }
                done += count
            }
        }
    }
}
