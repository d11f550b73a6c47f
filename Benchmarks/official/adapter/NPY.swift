// SPDX-License-Identifier: Apache-2.0

/// NumPy's files of matrices, version 1: as much of them as is exchanged here.
enum NPY {
    private static let magic: [UInt8] = [0x93] + Array("NUMPY".utf8)

    /// All that stands before the elements.
    static func head(type: String, rows: Int, columns: Int) -> [UInt8] {
        let text = dictionary(type: type, rows: rows, columns: columns)
        // Elements begin at a multiple of 64 bytes.
        let length = (10 + text.count + 1 + 63) / 64 * 64 - 10
        let padding = String(repeating: " ", count: length - text.count - 1)
        return magic + [1, 0, UInt8(length & 0xff), UInt8(length >> 8)]
            + Array((text + padding + "\n").utf8)
    }

    /// Where the elements begin, and the number of rows.
    static func rows(
        of text: FileText, type: String, columns: Int
    ) throws -> (start: Int, count: Int) {
        let bytes = text.bytes
        guard bytes.count > 10, bytes.starts(with: magic), bytes[6] == 1 else {
            throw AdapterError.content(text.path, "is no NPY file of version 1")
        }
        let start = 10 + Int(bytes[8]) + Int(bytes[9]) << 8
        let width = 8 * columns
        guard bytes.count >= start, (bytes.count - start) % width == 0 else {
            throw AdapterError.content(text.path, "holds no rows of \(columns) numbers")
        }
        let count = (bytes.count - start) / width
        let head = String(decoding: bytes[10..<start], as: UTF8.self)
        guard head.hasPrefix(dictionary(type: type, rows: count, columns: columns)) else {
            throw AdapterError.content(
                text.path, "is no matrix of \(count) rows, \(columns) columns and type \(type)")
        }
        return (start, count)
    }

    private static func dictionary(type: String, rows: Int, columns: Int) -> String {
        "{'descr': '\(type)', 'fortran_order': False, 'shape': (\(rows), \(columns)), }"
    }
}
