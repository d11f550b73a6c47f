// SPDX-License-Identifier: Apache-2.0

extension String {
    /// One line that shows all of a text, whoever wrote it: what would steer a terminal, begin a line, turn the
    /// direction of writing or not be seen stands as `\u{1B}`.
    package var printable: String { printable(limit: .max) }

    /// The same, shortened.
    /// - Parameter limit: of characters, 1 or more; what is beyond is "…".
    package func printable(limit: Int) -> String {
        precondition(limit > 0)
        var parts: [String] = []
        var count = 0
        for scalar in unicodeScalars {
            let part = scalar.isPrintable ? String(scalar) : scalar.escaped
            count += part.unicodeScalars.count
            parts.append(part)
            guard count > limit else { continue }
            while count >= limit { count -= parts.removeLast().unicodeScalars.count }
            return parts.joined() + "…"
        }
        return parts.joined()
    }

    /// The same of several lines, each as it is: only for text whose parts are `printable`, since a name may hold a
    /// newline.
    package var printableLines: String {
        split(separator: "\n" as Unicode.Scalar).map(\.printable).joined(separator: "\n")
    }

    /// Between newlines, whatever is combined with them.
    private func split(separator: Unicode.Scalar) -> [String] {
        unicodeScalars.split(separator: separator, omittingEmptySubsequences: false)
            .map { String($0) }
    }
}

extension Unicode.Scalar {
    /// Whether it is seen as what it is, and does nothing else.
    package var isPrintable: Bool {
        if isASCII { return (0x20..<0x7F).contains(value) }
        switch properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .privateUse,
            .unassigned:
            return false
        default:
            // Fillers and joiners of other categories, too.
            return !properties.isDefaultIgnorableCodePoint
        }
    }

    fileprivate var escaped: String { "\\u{\(String(value, radix: 16, uppercase: true))}" }
}
