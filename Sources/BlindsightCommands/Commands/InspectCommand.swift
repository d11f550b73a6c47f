// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Blindsight
import Inference

package struct InspectCommand: ReportingCommand {
    package static let configuration = CommandConfiguration(
        commandName: "inspect",
        abstract: "Say what a file of Blindsight's is. Shows nothing secret.",
        discussion: """
              blindsight inspect plan/client.plan
            """)

    @Argument(help: "A plan, key, request or reply.", completion: .file())
    var file: String

    @OptionGroup package var options: OutputOptions

    package init() {}

    package func report() throws -> CommandReport {
        let summary = try CommandFiles.naming(file) { try ArtifactSummary(path: file) }
        var table = Table(.left, .left)
        table.add("file", file)
        table.add("kind", summary.kind)
        table.add("format version", "\(summary.version)")
        table.add(summary.digestName, summary.digest)
        table.add("size", Format.bytes(summary.fileBytes))
        for detail in summary.details { table.add(detail.name, detail.value) }
        return CommandReport(
            members: [
                ("file", .string(file)), ("kind", .string(summary.kind)),
                ("version", .integer(summary.version)), ("digest", .string(summary.digest)),
                ("bytes", .integer(summary.fileBytes)),
                ("details", .object(summary.details.map { ($0.name, .string($0.value)) })),
            ], text: table.text)
    }
}
