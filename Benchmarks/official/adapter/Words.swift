// SPDX-License-Identifier: Apache-2.0

/// Goes through the words of a text, which spaces, tabs or ends of lines separate.
struct Words {
    private let bytes: UnsafeRawBufferPointer
    private var place = 0
    /// The line of the last word, from 1.
    private(set) var line = 1

    init(_ text: FileText) { bytes = text.bytes }

    /// The next word on this line; nil at its end.
    mutating func next() -> UnsafeRawBufferPointer? {
        while place < bytes.count, bytes[place] != Self.newline, bytes[place] <= Self.space {
            place += 1
        }
        let start = place
        while place < bytes.count, bytes[place] > Self.space { place += 1 }
        return place > start ? UnsafeRawBufferPointer(rebasing: bytes[start..<place]) : nil
    }

    /// Goes to the next line that has words; false where there is none.
    mutating func nextLine() -> Bool {
        while place < bytes.count, bytes[place] <= Self.space {
            if bytes[place] == Self.newline { line += 1 }
            place += 1
        }
        return place < bytes.count
    }

    private static let newline = UInt8(ascii: "\n")
    private static let space = UInt8(ascii: " ")
}

extension UnsafeRawBufferPointer {
    /// The decimal number below 2^64 that these characters write; nil where they don't.
    var decimal: UInt64? {
        guard count > 0 else { return nil }
        var value: UInt64 = 0
        for byte in self {
            let digit = byte &- UInt8(ascii: "0")
            guard digit < 10 else { return nil }
            let (product, over) = value.multipliedReportingOverflow(by: 10)
            let (sum, carry) = product.addingReportingOverflow(UInt64(digit))
            guard !over, !carry else { return nil }
            value = sum
        }
        return value
    }

    var text: String { String(decoding: prefix(40), as: UTF8.self) }
}
