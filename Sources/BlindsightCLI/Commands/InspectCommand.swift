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
        var bytes = try ArtifactFile.read(file)
        // It may be a secret key.
        defer { bytes.wipe() }
        let summary: ArtifactSummary
        do {
            summary = try Artifact.inspect(bytes)
        } catch {
            throw CommandError.file(file, error)
        }
        let object = JSON.object([
            ("file", .string(file)), ("kind", .string(summary.kind)),
            ("version", .integer(summary.version)), ("digest", .string(summary.digest)),
            ("bytes", .integer(bytes.count)), ("payload_bytes", .integer(summary.payloadBytes)),
            ("details", .object(summary.details.map { ($0.name, .string($0.value)) })),
        ])
        options.show(object) {
            var table = Table(.left, .left)
            table.add("file", file)
            table.add("kind", summary.kind)
            table.add("format version", "\(summary.version)")
            table.add("plan digest", summary.digest)
            table.add("size", "\(Format.bytes(bytes.count)), payload \(Format.bytes(summary.payloadBytes))")
            for detail in summary.details { table.add(detail.name, detail.value) }
            return table.text
        }
    }
}
