// SPDX-License-Identifier: Apache-2.0

/// Labels out of the table that `decrypt` writes: the harness reads one a line.
enum Labels {
    static func convert(_ path: String, to output: String) throws {
        let text = try FileText(reading: path)
        let lines = text.bytes.split(separator: UInt8(ascii: "\n"))
        let head = cells(lines[0])
        guard let column = head.firstIndex(of: "label") else {
            throw AdapterError.content(path, "has no column named label")
        }
        let file = try FileOutput(writing: output)
        for (index, line) in lines.enumerated().dropFirst() {
            let cells = cells(line)
            guard cells.count == head.count, !cells[column].isEmpty, UInt(cells[column]) != nil
            else { throw AdapterError.line(path, index + 1, "has no label") }
            try file.append((cells[column] + "\n").utf8)
        }
        guard lines.count > 1 else { throw AdapterError.content(path, "has no rows") }
        try file.flush()
    }

    private static func cells(_ line: Slice<UnsafeRawBufferPointer>) -> [String] {
        line.filter { $0 != UInt8(ascii: "\r") }
            .split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false)
            .map { String(decoding: $0, as: UTF8.self) }
    }
}
