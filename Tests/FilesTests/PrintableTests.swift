// SPDX-License-Identifier: Apache-2.0

import Files
import Testing

@Suite struct PrintableTests {
    @Test func whatSteersOrHidesIsShown() {
        #expect(
            "\u{1B}[2J\u{7}a\rb\tc\nd\u{7F}".printable
                == #"\u{1B}[2J\u{7}a\u{D}b\u{9}c\u{A}d\u{7F}"#)
        #expect("\r\n".printable == #"\u{D}\u{A}"#)
        let hidden: [ClosedRange<UInt32>] = [
            // Controls, the soft hyphen, Arabic and Mongolian marks, zero-width and directional ones, line
            // separators, isolates, the byte-order mark, fillers, private use, noncharacters, tags.
            0...0x1F, 0x7F...0x9F, 0xAD...0xAD, 0x34F...0x34F, 0x61C...0x61C, 0x180E...0x180E,
            0x200B...0x200F, 0x2028...0x202E, 0x2060...0x206F, 0x3164...0x3164, 0xE000...0xE000,
            0xFE0F...0xFE0F, 0xFEFF...0xFEFF, 0xFFF9...0xFFFB, 0xFFFF...0xFFFF, 0xE0041...0xE0041,
        ]
        for value in hidden.joined() {
            let scalar = Unicode.Scalar(value)!
            #expect(!scalar.isPrintable, "\(String(value, radix: 16))")
            #expect(
                "a\(scalar)b".printable == "a\\u{\(String(value, radix: 16, uppercase: true))}b")
        }
    }

    @Test func textStaysAsItIs() {
        for text in ["", " a'b\"c\\d~", "Größe", "e\u{301}", "数字", "שלום", "😀"] {
            #expect(text.printable == text && text.printableLines == text)
        }
    }

    @Test func isShortened() {
        #expect("abc".printable(limit: 3) == "abc")
        #expect("abcd".printable(limit: 3) == "ab…")
        // No part of an escape is left.
        #expect("a\u{1B}b".printable(limit: 6) == "a…")
        #expect("a\u{1B}".printable(limit: 7) == #"a\u{1B}"#)
        #expect("\u{1B}".printable(limit: 1) == "…")
        // Marks without end are one character only.
        let marks = "a" + String(repeating: "\u{301}", count: 1000)
        #expect(marks.printable(limit: 10).unicodeScalars.count == 10)
    }

    @Test func linesAreKept() {
        #expect("a\n\n\u{1B}b\r\n".printableLines == "a\n\n\\u{1B}b\\u{D}\n")
    }
}
