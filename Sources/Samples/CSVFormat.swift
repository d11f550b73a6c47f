// SPDX-License-Identifier: Apache-2.0

/// Numbers separated by commas, semicolons or tabs, a sample a line; a first line that is not numbers is a header.
enum CSVFormat {
    private static let newline = UInt8(ascii: "\n")

    /// Bytes by which text is told.
    static let headLength = 4096

    static func isText(_ bytes: [UInt8]) -> Bool {
        !bytes.isEmpty
            && bytes.prefix(headLength).allSatisfy { $0 >= 0x20 || (9...13).contains($0) }
    }

    static func parse(_ bytes: [UInt8]) throws(SampleError) -> SampleSet {
        var values: [Float] = []
        var columns: Int?
        var rows = 0
        var lineNumber = 0
        var start = 0
        // A byte-order mark.
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { start = 3 }
        while start < bytes.count {
            let end = bytes[start...].firstIndex(of: newline) ?? bytes.count
            let line = bytes[start..<end]
            start = end + 1
            lineNumber += 1
            if line.allSatisfy({ isBlank($0) }) { continue }
            let before = values.count
            guard append(line, to: &values) else {
                values.removeLast(values.count - before)
                if rows == 0 && lineNumber == 1 { continue }
                throw .malformed(format: "CSV", reason: "line \(lineNumber) is not numbers")
            }
            let found = values.count - before
            guard found == columns ?? found else {
                throw .malformed(
                    format: "CSV",
                    reason: "line \(lineNumber) has \(found) values, those before \(columns ?? 0)")
            }
            columns = found
            rows += 1
        }
        guard let columns else { throw .malformed(format: "CSV", reason: "no line of numbers") }
        return SampleSet(count: rows, sampleShape: [columns], values: .floats(values))
    }

    private static func isBlank(_ byte: UInt8) -> Bool {
        byte == 0x20 || byte == 0x0D || byte == 0x09
    }

    private static func append(_ line: ArraySlice<UInt8>, to values: inout [Float]) -> Bool {
        // A comma or semicolon anywhere makes tabs mere blanks.
        let separator = [UInt8(ascii: ","), UInt8(ascii: ";")].first { line.contains($0) }
        for field in line.split(separator: separator ?? 9, omittingEmptySubsequences: false) {
            let trimmed = field.drop(while: isBlank)
            let length = trimmed.lastIndex { !isBlank($0) }.map { $0 + 1 - trimmed.startIndex } ?? 0
            let text = trimmed.prefix(length)
            // Decimal numbers only: no hexadecimal, infinities or NaN, which Float's parser takes.
            let isDecimal = text.allSatisfy { byte in
                (0x30...0x39).contains(byte) || "+-.eE".utf8.contains(byte)
            }
            guard isDecimal, text.count <= 64,
                let value = Float(String(decoding: text, as: UTF8.self)), value.isFinite
            else { return false }
            values.append(value)
        }
        return true
    }
}
