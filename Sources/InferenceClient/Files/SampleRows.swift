// SPDX-License-Identifier: Apache-2.0

import Wire

/// What became of each row of a file that was encrypted: which were, and why others weren't, with the names that the
/// file gives them. The client keeps it beside the request.
package struct SampleRows: Sendable, Equatable {
    package struct Row: Sendable, Equatable {
        /// Empty where rows have no names.
        package let identifier: String
        /// Why it isn't in the request; nil where it is.
        package let refusal: String?

        package init(identifier: String, refusal: String?) {
            self.identifier = identifier
            self.refusal = refusal
        }
    }

    /// By which the request is known.
    private let request: [UInt8]
    package let all: [Row]

    package init(_ all: [Row], request: RequestHeads) {
        self.all = all
        self.request = request.digest
    }

    package var encryptedCount: Int { all.count { $0.refusal == nil } }
    package var hasIdentifiers: Bool { all.contains { !$0.identifier.isEmpty } }

    /// - Parameter samples: of the request, traps left out.
    /// - Throws: `WireError.malformed` for the rows of another request.
    package func require(_ request: RequestHeads, samples: Int) throws {
        guard self.request == request.digest, encryptedCount == samples else {
            throw WireError.malformed(
                "the rows of another request; remove the file to go on without it")
        }
    }

    // MARK: Text

    private static let title = "blindsight rows 1"
    /// Most bytes of a file that are read.
    package static let maximumBytes = 1 << 30

    /// Lines: a title, the request's digest, then a row each: "encrypted" or "refused", identifier, reason, with tabs
    /// between.
    package var text: String {
        let lines = all.map { row in
            let identifier = Self.escaped(row.identifier)
            return row.refusal.map { "refused\t\(identifier)\t\(Self.escaped($0))" }
                ?? "encrypted\t\(identifier)"
        }
        return ([Self.title, "request \(Envelope.hexadecimal(request))"] + lines)
            .joined(separator: "\n") + "\n"
    }

    /// - Throws: `WireError`.
    package init(text: String) throws {
        let lines = text.split(separator: "\n", omittingEmptySubsequences: true)
        guard lines.count >= 3, lines[0] == Self.title, lines[1].hasPrefix("request ") else {
            throw WireError.malformed("not a file of rows: it must begin '\(Self.title)'")
        }
        request = Envelope.bytes(hexadecimal: lines[1].dropFirst(8))
        guard request.count == 32 else { throw WireError.malformed("line 2 of the rows") }
        all = try lines.enumerated().dropFirst(2).map { number, line in
            let parts = line.split(separator: "\t", omittingEmptySubsequences: false)
            let texts = parts.dropFirst().compactMap(Self.unescaped)
            switch (parts[0], texts.count, parts.count) {
            case ("encrypted", 1, 2): return Row(identifier: texts[0], refusal: nil)
            case ("refused", 2, 3): return Row(identifier: texts[0], refusal: texts[1])
            default: throw WireError.malformed("line \(number + 1) of the rows")
            }
        }
    }

    private static let escapes: [(character: Character, letter: Character)] = [
        ("\\", "\\"), ("\t", "t"), ("\n", "n"), ("\r", "r"), ("\r\n", "l"),
    ]

    private static func escaped(_ text: String) -> String {
        var result = ""
        for character in text {
            if let escape = escapes.first(where: { $0.character == character }) {
                result += "\\" + String(escape.letter)
            } else {
                result.append(character)
            }
        }
        return result
    }

    private static func unescaped(_ text: Substring) -> String? {
        var result = ""
        var rest = text
        while let character = rest.popFirst() {
            guard character == "\\" else {
                result.append(character)
                continue
            }
            guard let letter = rest.popFirst(),
                let escape = escapes.first(where: { $0.letter == letter })
            else { return nil }
            result.append(escape.character)
        }
        return result
    }
}
