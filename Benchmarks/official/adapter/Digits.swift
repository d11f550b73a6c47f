// SPDX-License-Identifier: Apache-2.0

/// Numbers modulo 2^64 as four digits of base 2^16, each from -2^15 to 2^15 - 1: a = sum a_i 2^(16 i).
///
/// Of a product only c_k = sum over i + j = k of a_i b_j with k < 4 count, since 2^64 is 0: a b = sum c_k 2^(16 k). The
/// server computes the c_k, which are integers of at most 2^32 in magnitude.
enum Digits {
    static let count = 4

    /// Writes a matrix of int16: a pair a row, the digits of the left number, then those of the right.
    static func split(_ left: String, _ right: String, to output: String) throws {
        let (left, right) = (try FileText(reading: left), try FileText(reading: right))
        var (a, b) = (Words(left), Words(right))
        var digits: [Int16] = []
        // A line has up to 21 bytes, nearly always 20 or 21.
        digits.reserveCapacity(left.bytes.count / 20 * 2 * count + 64)
        while a.nextLine() {
            guard b.nextLine() else {
                throw AdapterError.content(right.path, "has fewer numbers than \(left.path)")
            }
            append(try number(&a, left.path), to: &digits)
            append(try number(&b, right.path), to: &digits)
        }
        guard !b.nextLine() else {
            throw AdapterError.content(right.path, "has more numbers than \(left.path)")
        }
        let file = try FileOutput(writing: output)
        try file.append(
            NPY.head(type: "<i2", rows: digits.count / (2 * count), columns: 2 * count))
        try file.flush()
        // Words of this machine are little endian, as the file's are.
        try digits.withUnsafeBytes { try file.append($0) }
        try file.flush()
    }

    /// Writes the numbers that rows of c_0 ... c_3 stand for.
    static func join(_ path: String, to output: String) throws {
        let text = try FileText(reading: path)
        let (start, rows) = try NPY.rows(of: text, type: "<i8", columns: count)
        let file = try FileOutput(writing: output)
        for row in 0..<rows {
            var value: UInt64 = 0
            for k in 0..<count {
                let sum = text.bytes.loadUnaligned(
                    fromByteOffset: start + 8 * (row * count + k), as: Int64.self)
                value &+= UInt64(bitPattern: Int64(littleEndian: sum)) &<< UInt64(16 * k)
            }
            try file.append(line: value)
        }
        try file.flush()
    }

    /// The digits of a number, lowest first: each takes what is nearest, and carries the rest.
    static func append(_ value: UInt64, to digits: inout [Int16]) {
        var rest = value
        for _ in 0..<count {
            let digit = Int16(truncatingIfNeeded: rest)
            digits.append(digit.littleEndian)
            rest = (rest &- UInt64(bitPattern: Int64(digit))) >> 16
        }
    }

    private static func number(_ words: inout Words, _ path: String) throws -> UInt64 {
        let word = words.next()!
        guard let number = word.decimal else {
            throw AdapterError.line(
                path, words.line, "\(word.text) is not a whole number of 0 to 2^64 - 1")
        }
        guard words.next() == nil else {
            throw AdapterError.line(path, words.line, "more than one number")
        }
        return number
    }
}
