// SPDX-License-Identifier: Apache-2.0

import CZlib

/// NumPy's .npz format: a zip archive of .npy files, stored or deflated.
enum NPZFormat {
    static func isZip(_ bytes: [UInt8]) -> Bool {
        bytes.starts(with: [0x50, 0x4B, 3, 4]) || bytes.starts(with: [0x50, 0x4B, 5, 6])
    }

    /// The one array, or that of a name, as a .npy file.
    ///
    /// - Parameter limit: most bytes that it may take unpacked.
    static func array(_ name: String?, of bytes: [UInt8], limit: Int) throws(SampleError) -> [UInt8]
    {
        let entries = try entries(bytes)
        let arrays = entries.filter { $0.name.hasSuffix(".npy") }
        guard !arrays.isEmpty else { throw ForeignFormat.refusal(zipOf: entries.map(\.name)) }
        let names = arrays.map { String($0.name.dropLast(4)) }
        let found = arrays.filter {
            name == nil || $0.name == name! + ".npy" || $0.name == name!
        }
        guard found.count == 1 else { throw .whichArray(asked: name, names: names) }
        return try unpack(found[0], of: bytes, limit: limit)
    }

    /// A member, as the central directory has it.
    private struct Entry {
        let name: String
        let flags: Int
        let method: Int
        let checksum: Int
        let packed: Int
        let size: Int
        let offset: Int
    }

    private static func fail(_ reason: String) -> SampleError {
        .malformed(format: "NPZ", reason: reason)
    }

    /// A little-endian integer; -1 behind the end.
    private static func integer(_ bytes: [UInt8], _ start: Int, _ size: Int) -> Int {
        guard start >= 0, start <= bytes.count - size else { return -1 }
        return bytes[start..<start + size].reversed().reduce(0) { $0 << 8 | Int($1) }
    }

    private static func entries(_ bytes: [UInt8]) throws(SampleError) -> [Entry] {
        // The end of the central directory: 22 bytes and a comment of at most 65535.
        let last = bytes.count - 22
        guard last >= 0,
            let end = stride(from: last, through: max(0, last - 0xFFFF), by: -1).first(where: {
                integer(bytes, $0, 4) == 0x0605_4B50
                    && $0 + 22 + integer(bytes, $0 + 20, 2) == bytes.count
            })
        else { throw fail("its directory is missing; it ends too early, or more follows it") }
        let count = integer(bytes, end + 10, 2)
        var position = integer(bytes, end + 16, 4)
        guard count != 0xFFFF, position != 0xFFFF_FFFF else { throw large }
        var entries: [Entry] = []
        for _ in 0..<count {
            let (nameLength, extra, comment) = (
                integer(bytes, position + 28, 2), integer(bytes, position + 30, 2),
                integer(bytes, position + 32, 2)
            )
            let start = position + 46
            guard integer(bytes, position, 4) == 0x0201_4B50, comment >= 0,
                start + nameLength + extra + comment <= end
            else { throw fail("its directory") }
            let entry = Entry(
                name: String(decoding: bytes[start..<start + nameLength], as: UTF8.self),
                flags: integer(bytes, position + 8, 2), method: integer(bytes, position + 10, 2),
                checksum: integer(bytes, position + 16, 4),
                packed: integer(bytes, position + 20, 4), size: integer(bytes, position + 24, 4),
                offset: integer(bytes, position + 42, 4))
            guard entry.packed != 0xFFFF_FFFF, entry.size != 0xFFFF_FFFF,
                entry.offset != 0xFFFF_FFFF
            else { throw large }
            entries.append(entry)
            position = start + nameLength + extra + comment
        }
        return entries
    }

    private static var large: SampleError {
        .unsupported(
            format: "NPZ", reason: "sizes in zip64, of 4 GiB and more; save a smaller array as NPY")
    }

    private static func unpack(
        _ entry: Entry, of bytes: [UInt8], limit: Int
    ) throws(SampleError) -> [UInt8] {
        guard entry.flags & 1 == 0 else {
            throw .unsupported(
                format: "NPZ", reason: "an encrypted member; save it without a password")
        }
        guard entry.size <= limit else { throw .tooLarge(limit: limit) }
        let names = integer(bytes, entry.offset + 26, 2) + integer(bytes, entry.offset + 28, 2)
        let start = entry.offset + 30 + names
        guard integer(bytes, entry.offset, 4) == 0x0403_4B50, names >= 0,
            start <= bytes.count - entry.packed
        else { throw fail("a member lies outside it") }
        let packed = bytes[start..<start + entry.packed]
        let content: [UInt8]
        switch entry.method {
        case 0: content = Array(packed)
        case 8: content = try Deflate.unpack(packed, limit: entry.size)
        default:
            throw .unsupported(
                format: "NPZ",
                reason: "compression method \(entry.method); stored and deflated members are read")
        }
        let checksum = content.withUnsafeBufferPointer {
            crc32(0, $0.baseAddress, UInt32($0.count))
        }
        guard content.count == entry.size, Int(checksum) == entry.checksum else {
            throw fail("a member differs from its checksum or size")
        }
        return content
    }
}
