// SPDX-License-Identifier: Apache-2.0

import Foundation

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

    static func styled(_ text: String, _ style: Style) -> String {
        hasColour ? "\u{1B}[\(style.rawValue)m\(text)\u{1B}[0m" : text
    }

    /// Text from a model's file, of at most so many characters and without what steers a terminal.
    static func printable(_ text: String, limit: Int = 60) -> String {
        let scalars = text.unicodeScalars.filter {
            switch $0.properties.generalCategory {
            case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate: false
            default: true
            }
        }
        let clean = String(String.UnicodeScalarView(scalars))
        return clean.count > limit ? clean.prefix(limit - 1) + "…" : clean
    }

    static func writeError(_ text: String) {
        FileHandle.standardError.write(Data(text.utf8))
    }
}
