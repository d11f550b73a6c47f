// SPDX-License-Identifier: Apache-2.0

import BigIntegers
import Blindsight
import Files

/// A JSON value whose keys keep their order and whose integers have any size.
package enum JSON {
    case object([(String, JSON)])
    case array([JSON])
    case string(String)
    case integer(BigInt)
    case number(Double)
    case boolean(Bool)

    package static func integer(_ value: Int) -> JSON { .integer(BigInt(value)) }

    /// Indented by two spaces, without a newline at the end.
    package var text: String { text(indent: "") }

    private func text(indent: String) -> String {
        let inner = indent + "  "
        switch self {
        case .object(let members):
            if members.isEmpty { return "{}" }
            let lines = members.map {
                "\(inner)\(Self.quoted($0)): \($1.text(indent: inner))"
            }
            return "{\n" + lines.joined(separator: ",\n") + "\n\(indent)}"
        case .array(let elements):
            let items = elements.map { $0.text(indent: inner) }
            return "[" + items.joined(separator: ", ") + "]"
        case .string(let value): return Self.quoted(value)
        case .integer(let value): return value.description
        // JSON has no infinities.
        case .number(let value): return value.isFinite ? "\(value)" : "null"
        case .boolean(let value): return value ? "true" : "false"
        }
    }

    private static func quoted(_ value: String) -> String {
        var result = "\""
        for scalar in value.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case _ where scalar.isPrintable: result.unicodeScalars.append(scalar)
            default:
                // A reader finds the same text, and a terminal is not steered by it.
                for unit in String(scalar).utf16 {
                    let digits = String(unit, radix: 16)
                    result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
                }
            }
        }
        return result + "\""
    }
}
