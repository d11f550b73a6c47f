// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

/// What a client's plan tells is written down, field by field.
@Suite struct ClientPlanFieldsTests {
    private static let root = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    /// Fields of each message, with their types.
    private static func messages() throws -> [String: [(type: String, name: String)]] {
        let text = try String(
            contentsOf: root.appendingPathComponent(
                "Sources/InferenceClient/Protos/plans.proto"), encoding: .utf8)
        var out: [String: [(type: String, name: String)]] = [:]
        var message: String?
        for line in text.split(separator: "\n") {
            let words = line.split(separator: " ").map(String.init)
            if words.first == "message" { message = words[1] }
            guard let message, let equals = words.firstIndex(of: "="), equals >= 2,
                !words[0].hasPrefix("//"), words.last?.hasSuffix(";") == true
            else { continue }
            out[message, default: []].append((words[equals - 2], words[equals - 1]))
        }
        return out
    }

    /// Every field of what a client's plan holds stands in the threat model's table, and nothing else does.
    @Test func everyFieldIsListed() throws {
        let messages = try Self.messages()
        var fields = Set<String>()
        var pending = [
            "PlanMessage", "BFVMessage", "PaillierMessage", "ProgramMessage", "InputProgramMessage",
        ]
        var seen = Set(pending)
        while let name = pending.popLast() {
            for field in try #require(messages[name]) {
                fields.insert(field.name)
                if messages[field.type] != nil, seen.insert(field.type).inserted {
                    pending.append(field.type)
                }
            }
        }
        #expect(fields.count > 40 && fields.contains("function_privacy_bits"))
        let text = try String(
            contentsOf: Self.root.appendingPathComponent("docs/ThreatModel.md"), encoding: .utf8)
        let section = try #require(
            text.components(separatedBy: "## What client.plan tells").last?
                .components(separatedBy: "\n## ").first)
        var listed = Set<String>()
        for row in section.split(separator: "\n") where row.hasPrefix("| `") {
            let names = row.split(separator: "|")[0].split(separator: "`")
            for (index, name) in names.enumerated() where index % 2 == 1 {
                listed.insert(String(name))
            }
        }
        #expect(fields.subtracting(listed).isEmpty, "not told: \(fields.subtracting(listed))")
        #expect(listed.subtracting(fields).isEmpty, "no field: \(listed.subtracting(fields))")
    }
}
