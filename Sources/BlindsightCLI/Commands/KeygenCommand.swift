import ArgumentParser
import Blindsight
import Foundation

struct KeygenCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "keygen",
        abstract: "Make a secret key and the evaluation keys that the plan uses.",
        discussion: """
            Writes secret.key (readable by its owner only; it never leaves the client) and \
            evaluation.key (for the server).

              blindsight keygen --plan plan/client.plan -o keys
            """)

    @Option(help: "The client's plan.", completion: .file(extensions: ["plan"]))
    var plan: String

    @Option(
        name: [.short, .customLong("output")], help: "The folder for the two keys.",
        completion: .directory)
    var output: String

    @Flag(help: "Overwrite a secret key that is there.")
    var force = false

    @OptionGroup var options: OutputOptions

    func run() throws {
        if LinearFiles.holdsPlan(plan) {
            return try LinearCommands.keygen(
                plan: plan, output: output, force: force, options: options)
        }
        let clientPlan = try Files.clientPlan(plan)
        let secretPath = "\(output)/secret.key"
        let evaluationPath = "\(output)/evaluation.key"
        // Looked at first, to not make keys for nothing; writing checks it again.
        guard force || !FileSystem.exists(secretPath) else {
            throw CommandError.secretKeyExists(secretPath)
        }
        let start = ContinuousClock.now
        let client = try Client(plan: clientPlan)
        let progress = ProgressBar("keys")
        defer { progress.finish() }
        let keys = try client.makeEvaluationKeys { progress.update($0, of: $1) }
        let elapsed = ContinuousClock.now - start
        let evaluation = try Artifact.encode(keys, plan: clientPlan)
        try Files.makeDirectory(output)
        let secretBytes = try writeSecret(of: client, to: secretPath)
        try ArtifactFile.write(evaluation, to: evaluationPath)
        progress.finish()

        let galoisKeys = clientPlan.keys.rotations.count
        let keyNames = [
            galoisKeys == 0 ? nil : "\(galoisKeys) Galois keys",
            clientPlan.keys.relinearization == nil ? nil : "relinearization",
        ].compactMap { $0 }.joined(separator: " and ")
        let object = JSON.object([
            ("secret_key", .string(secretPath)), ("secret_key_bytes", .integer(secretBytes)),
            ("evaluation_key", .string(evaluationPath)),
            ("evaluation_key_bytes", .integer(evaluation.count)),
            ("galois_keys", .integer(galoisKeys)), ("keygen_ms", .number(elapsed.milliseconds)),
        ])
        options.show(object) {
            """
            Written in \(Format.duration(elapsed))
              \(secretPath) (\(Format.bytes(secretBytes))): yours alone
              \(evaluationPath) (\(Format.bytes(evaluation.count))): for the server; \
            \(keyNames.isEmpty ? "the plan uses none" : keyNames)
            """
        }
    }

    /// The secret key's bytes are wiped once they are in the file. Returns their number.
    private func writeSecret(of client: Client, to path: String) throws -> Int {
        var bytes = try Artifact.encodeSecretKey(of: client)
        defer { bytes.wipe() }
        try ArtifactFile.write(bytes, to: path, isSecret: true, overwrite: force)
        return bytes.count
    }
}
