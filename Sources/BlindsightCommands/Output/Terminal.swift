// SPDX-License-Identifier: Apache-2.0

import Files

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// What the standard streams can show.
enum Terminal {
    static let errorIsTerminal = isatty(2) == 1

    /// Colour on standard output: only on a terminal, and not against the user's wish (no-color.org).
    static let hasColour: Bool = {
        let environment = ProcessInfo.processInfo.environment
        return isatty(1) == 1 && environment["NO_COLOR", default: ""].isEmpty
            && environment["TERM"] != "dumb"
    }()

    enum Style: String {
        case bold = "1"
        case dim = "2"
        case green = "32"
        case red = "31"
        case cyan = "36"
    }

    /// - Parameter text: of one line.
    static func styled(_ text: String, _ style: Style) -> String {
        let text = text.printable
        return hasColour ? "\u{1B}[\(style.rawValue)m\(text)\u{1B}[0m" : text
    }

    /// Prints text for people. What it holds of files can't steer the terminal, whoever forgot to escape it: only
    /// newlines pass, and colours where there are any.
    static func show(_ text: String) { print(shown(text, hasColour: hasColour)) }

    static func shown(_ text: String, hasColour: Bool) -> String {
        guard hasColour else { return text.printableLines }
        // Those of `Style` and of pictures. By code points, for what is combined with a colour's end.
        let colour = /\u{1B}\[(?:[012]|3[126]|38;5;[0-9]+;48;5;[0-9]+)m/
            .matchingSemantics(.unicodeScalar)
        var result = ""
        var start = text.startIndex
        for range in text.ranges(of: colour) {
            result += String(text[start..<range.lowerBound]).printableLines + text[range]
            start = range.upperBound
        }
        return result + String(text[start...]).printableLines
    }

    static func writeError(_ text: String) {
        var bytes = Array(text.utf8)[...]
        while !bytes.isEmpty {
            let written = bytes.withUnsafeBytes { write(2, $0.baseAddress, $0.count) }
            // Whom nobody listens to says no more.
            guard written > 0 || errno == EINTR else { return }
            bytes = bytes.dropFirst(max(written, 0))
        }
    }
}
