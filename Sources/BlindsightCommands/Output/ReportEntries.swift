// SPDX-License-Identifier: Apache-2.0

import BigIntegers
import Blindsight
import Files
import InferenceClient

/// Lines of a report, for a terminal, for Markdown and as JSON.
struct ReportEntries {
    private var entries: [ReportEntry]

    init(_ entries: [ReportEntry]) { self.entries = entries }

    mutating func add(
        _ key: String, _ title: String?, _ value: ReportEntry.Value, text: String? = nil
    ) {
        entries.append(ReportEntry(key, title, value, text: text))
    }

    static func + (a: ReportEntries, b: ReportEntries) -> ReportEntries {
        ReportEntries(a.entries + b.entries)
    }

    /// Those of one section.
    func only(_ section: ReportEntry.Section) -> ReportEntries {
        ReportEntries(entries.filter { $0.section == section })
    }

    var members: [(String, JSON)] { entries.map { ($0.key, Self.json($0.value)) } }

    /// - Parameter alignment: of values.
    func table(_ alignment: Table.Alignment) -> Table {
        var table = Table(.left, alignment)
        for entry in entries {
            if let title = entry.title { table.add(title, entry.text ?? Self.text(entry.value)) }
        }
        return table
    }

    private static func json(_ value: ReportEntry.Value) -> JSON {
        switch value {
        case .text(let text): .string(text)
        case .count(let count), .bytes(let count): .integer(count)
        case .bits(let number): .number(number)
        case .seconds(let seconds): .number(seconds * 1000)
        case .integers(let integers): .array(integers.map { .integer(BigInt($0, radix: 10) ?? 0) })
        case .numbers(let numbers): .array(numbers.map { .number($0) })
        case .flag(let flag): .boolean(flag)
        }
    }

    private static func text(_ value: ReportEntry.Value) -> String {
        switch value {
        case .text(let text): text.printable(limit: 200)
        case .count(let count): Format.grouped(count)
        case .bytes(let count): Format.bytes(count)
        case .bits(let bits): "\(Format.decimals(bits, 2)) bits"
        case .seconds(let seconds): Format.duration(.seconds(seconds))
        case .integers(let integers): integers.joined(separator: " ")
        case .numbers(let numbers):
            numbers.map { Format.decimals($0, 1) }.joined(separator: " ") + " bits"
        case .flag(let flag): flag ? "yes" : "no"
        }
    }
}

extension ReportEntries {
    /// Operations by name.
    init(_ operations: OperationTally) {
        self.init(
            operations.entries.map {
                ReportEntry($0.name, Format.words($0.name), .count($0.count), in: .cost)
            })
    }
}

extension OperationTally {
    var json: JSON { .object(entries.map { ($0.name, .integer($0.count)) }) }
}
