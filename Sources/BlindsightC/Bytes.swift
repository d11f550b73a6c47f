// SPDX-License-Identifier: Apache-2.0

import BigIntegers
import BlindsightCommands
import Files

/// Bytes that were made here: memory that stays where it is until it is freed, so that a caller reads it in place.
final class Bytes: ByteSink, @unchecked Sendable {
    private(set) var start: UnsafeMutableRawPointer
    private(set) var count = 0
    private var capacity: Int

    /// Written to before anybody else knows of it.
    init(capacity: Int = 0) {
        self.capacity = max(capacity, 64)
        start = .allocate(byteCount: self.capacity, alignment: 64)
    }

    convenience init(_ bytes: [UInt8]) {
        self.init(capacity: bytes.count)
        bytes.withUnsafeBytes { write($0) }
    }

    convenience init(_ json: JSON) { self.init(Array(json.text.utf8)) }

    deinit { start.deallocate() }

    func write(_ bytes: UnsafeRawBufferPointer) {
        guard let source = bytes.baseAddress, bytes.count > 0 else { return }
        if bytes.count > capacity - count {
            capacity = max(2 * capacity, count + bytes.count)
            let memory = UnsafeMutableRawPointer.allocate(byteCount: capacity, alignment: 64)
            memory.copyMemory(from: start, byteCount: count)
            start.deallocate()
            start = memory
        }
        (start + count).copyMemory(from: source, byteCount: bytes.count)
        count += bytes.count
    }
}

/// A caller's memory, read in place while a call runs.
struct CallersBytes: ByteSource, @unchecked Sendable {
    private let bytes: UnsafeRawBufferPointer

    init(
        _ start: UnsafePointer<UInt8>?, _ length: Int, _ what: String
    ) throws(CallError) {
        guard let start, length >= 0 else {
            throw CallError(what, "NULL, or a length below zero, where bytes are needed")
        }
        bytes = UnsafeRawBufferPointer(start: start, count: length)
    }

    var count: Int { bytes.count }

    func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int) throws {
        try requireBytes(buffer.count, at: offset)
        buffer.copyMemory(from: .init(rebasing: bytes[offset...].prefix(buffer.count)))
    }

    /// A copy.
    var array: [UInt8] { Array(bytes) }
}

@_cdecl("bs_bytes_data")
public func bytesData(_ bytes: OpaquePointer?) -> UnsafePointer<UInt8>? {
    (try? bytes.object(Bytes.self)).map {
        UnsafePointer($0.start.assumingMemoryBound(to: UInt8.self))
    }
}

@_cdecl("bs_bytes_count")
public func bytesCount(_ bytes: OpaquePointer?) -> Int {
    (try? bytes.object(Bytes.self))?.count ?? 0
}
