import ArgumentParser
import Blindsight

struct InspectCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "inspect",
        abstract: "Say what a file of Blindsight's is. Shows nothing secret.",
        discussion: """
              blindsight inspect plan/client.plan
            """)

    @Argument(help: "A plan, key, ciphertext or reply.", completion: .file())
    var file: String

    @OptionGroup var options: OutputOptions

    func run() throws {
        let summary = try Files.naming(file) { try Artifact.inspect(path: file) }
        let object = JSON.object([
            ("file", .string(file)), ("kind", .string(summary.kind)),
            ("version", .integer(summary.version)), ("digest", .string(summary.digest)),
            ("bytes", .integer(summary.fileBytes)),
            ("payload_bytes", .integer(summary.payloadBytes)),
            ("details", .object(summary.details.map { ($0.name, .string($0.value)) })),
        ])
        options.show(object) {
            var table = Table(.left, .left)
            table.add("file", file)
            table.add("kind", summary.kind)
            table.add("format version", "\(summary.version)")
            table.add("plan digest", summary.digest)
            let payload = Format.bytes(summary.payloadBytes)
            table.add("size", "\(Format.bytes(summary.fileBytes)), payload \(payload)")
            for detail in summary.details { table.add(detail.name, detail.value) }
            return table.text
        }
    }
}
