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
        // By code points, for what is combined with a colour's end.
        let scalars = text.unicodeScalars
        var result = ""
        var start = scalars.startIndex
        var place = start
        while place < scalars.endIndex {
            guard let end = endOfColour(scalars[place...]) else {
                scalars.formIndex(after: &place)
                continue
            }
            result += String(scalars[start..<place]).printableLines
            result.unicodeScalars += scalars[place..<end]
            (start, place) = (end, end)
        }
        return result + String(scalars[start...]).printableLines
    }

    /// Where a colour ends that stands at the beginning: one of `Style` or of a picture. nil: none stands there.
    private static func endOfColour(_ text: Substring.UnicodeScalarView) -> String.Index? {
        guard text.first == "\u{1B}", text.dropFirst().first == "[",
            let end = text.firstIndex(of: "m")
        else { return nil }
        let code = text[..<end].dropFirst(2)
        let isStyle = ["0", "1", "2", "31", "32", "36"].contains {
            code.elementsEqual($0.unicodeScalars)
        }
        let numbers = code.split(separator: ";", omittingEmptySubsequences: false)
        let isPicture =
            numbers.count == 6
            && [(0, "38"), (1, "5"), (3, "48"), (4, "5")].allSatisfy {
                numbers[$0.0].elementsEqual($0.1.unicodeScalars)
            }
            && [2, 5].allSatisfy { place in
                !numbers[place].isEmpty && numbers[place].allSatisfy { ("0"..."9").contains($0) }
            }
        return isStyle || isPicture ? text.index(after: end) : nil
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
