// SPDX-License-Identifier: Apache-2.0

/// NumPy's .npy format, versions 1 to 3 (NumPy Enhancement Proposal 1): magic, version, length of the header, a Python
/// dictionary, data.
enum NPYFormat {
    private static let magic: [UInt8] = [0x93] + Array("NUMPY".utf8)

    static func isNPY(_ bytes: [UInt8]) -> Bool { bytes.starts(with: magic) }

    static func parse(_ bytes: [UInt8]) throws(SampleError) -> SampleSet {
        guard isNPY(bytes), bytes.count >= 10 else {
            throw .malformed(format: "NPY", reason: "it ends within its first bytes")
        }
        let lengthSize = bytes[6] == 1 ? 2 : 4
        guard (1...3).contains(bytes[6]), bytes[7] == 0, bytes.count >= 8 + lengthSize else {
            throw .unsupported(
                format: "NPY", reason: "version \(bytes[6]).\(bytes[7]); 1.0, 2.0, 3.0 are read")
        }
        let start = 8 + lengthSize
        let length = bytes[8..<start].reversed().reduce(0) { $0 << 8 | Int($1) }
        guard length <= 1 << 16, length <= bytes.count - start else {
            throw .malformed(format: "NPY", reason: "a header of \(length) bytes")
        }
        var parser = NPYHeaderParser(bytes[start..<start + length])
        let header = try parser.parse()
        let (element, bigEndian) = try element(header.type)
        return try element.samples(
            bytes[(start + length)...], sizes: header.shape, bigEndian: bigEndian,
            isColumnMajor: header.fortranOrder, format: "NPY")
    }

    private static func element(
        _ type: String
    ) throws(SampleError) -> (SampleElement, bigEndian: Bool) {
        let elements: [String: SampleElement] = [
            "f2": .half, "f4": .float, "f8": .double, "b1": .boolean, "u1": .unsigned(bytes: 1),
            "u2": .unsigned(bytes: 2),
            "u4": .unsigned(bytes: 4), "u8": .unsigned(bytes: 8), "i1": .signed(bytes: 1),
            "i2": .signed(bytes: 2), "i4": .signed(bytes: 4), "i8": .signed(bytes: 8),
        ]
        guard let order = type.first, "<>|=".contains(order),
            let element = elements[String(type.dropFirst())]
        else {
            throw .unsupported(format: "NPY", reason: reason(type))
        }
        return (element, order == ">")
    }

    /// Why elements are not read.
    private static func reason(_ type: String) -> String {
        switch type.drop(while: { "<>|=".contains($0) }).first {
        case "O":
            "Python objects, which are pickled and never read; save numbers, such as by array.astype('float32')"
        case "U", "S": "elements '\(type)' are text; numbers are read"
        case "c": "elements '\(type)' are complex; real numbers are read"
        case "M", "m": "elements '\(type)' are times; numbers are read"
        default: "elements '\(type)'; f2, f4, f8, b1, u1 to u8, i1 to i8 are read"
        }
    }
}

/// The header's dictionary: {'descr': '<f4', 'fortran_order': False, 'shape': (10, 28, 28), }.
struct NPYHeaderParser {
    private var rest: ArraySlice<UInt8>

    init(_ bytes: ArraySlice<UInt8>) { rest = bytes }

    mutating func parse() throws(SampleError) -> (type: String, fortranOrder: Bool, shape: [Int]) {
        var type: String?
        var fortranOrder: Bool?
        var shape: [Int]?
        try expect("{")
        while !skip("}") {
            let key = try string()
            try expect(":")
            switch key {
            case "descr":
                if skip("[") {
                    throw .unsupported(
                        format: "NPY",
                        reason: "a structured array; save its columns as one array of numbers")
                }
                type = try string()
            case "fortran_order":
                if skip("True") {
                    fortranOrder = true
                } else {
                    try expect("False")
                    fortranOrder = false
                }
            case "shape": shape = try tuple()
            default: throw fail("the key '\(key)'")
            }
            if !skip(",") {
                try expect("}")
                break
            }
        }
        guard let type, let fortranOrder, let shape else { throw fail("a key is missing") }
        return (type, fortranOrder, shape)
    }

    private func fail(_ reason: String) -> SampleError {
        .malformed(format: "NPY", reason: "header: \(reason)")
    }

    private mutating func skip(_ text: String) -> Bool {
        rest = rest.drop { $0 == 0x20 || $0 == 0x0A }
        guard rest.starts(with: text.utf8) else { return false }
        rest = rest.dropFirst(text.utf8.count)
        return true
    }

    private mutating func expect(_ text: String) throws(SampleError) {
        guard skip(text) else { throw fail("'\(text)' is missing") }
    }

    private mutating func string() throws(SampleError) -> String {
        let quote = skip("'") ? UInt8(ascii: "'") : UInt8(ascii: "\"")
        if quote == UInt8(ascii: "\"") { try expect("\"") }
        let text = rest.prefix { $0 != quote && $0 >= 0x20 && $0 < 0x7F }
        rest = rest.dropFirst(text.count)
        guard text.count <= 32, rest.first == quote else { throw fail("a string does not end") }
        rest = rest.dropFirst()
        return String(decoding: text, as: UTF8.self)
    }

    private mutating func tuple() throws(SampleError) -> [Int] {
        try expect("(")
        var sizes: [Int] = []
        while !skip(")") {
            _ = skip("")
            let digits = rest.prefix { $0 >= 0x30 && $0 <= 0x39 }
            rest = rest.dropFirst(digits.count)
            guard digits.count <= 18, let size = Int(String(decoding: digits, as: UTF8.self)),
                sizes.count < 8
            else { throw fail("the shape") }
            sizes.append(size)
            if !skip(",") {
                try expect(")")
                break
            }
        }
        return sizes
    }
}
