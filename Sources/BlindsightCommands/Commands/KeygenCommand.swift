// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import BigIntegers
import Blindsight
import Files

package struct KeygenCommand: ReportingCommand {
    package static let configuration = CommandConfiguration(
        commandName: "keygen",
        abstract: "Make a secret key and the keys that the plan's server needs.",
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

    @OptionGroup package var options: OutputOptions

    package init() {}

    package func report() throws -> CommandReport {
        let clientPlan = try CommandFiles.clientPlan(plan)
        let secretPath = "\(output)/secret.key"
        let evaluationPath = "\(output)/evaluation.key"
        // Looked at first, to not make keys for nothing; writing checks it again.
        guard force || !FileSystem.exists(secretPath) else {
            throw CommandError.secretKeyExists(secretPath)
        }
        let start = ContinuousClock.now
        let client = try Client(clientPlan)
        let progress = ProgressBar("keys")
        defer { progress.finish() }
        let evaluation = try client.evaluationKeys {
            progress.update($0, of: $1)
        }.serialized()
        let elapsed = ContinuousClock.now - start
        try CommandFiles.makeFolder(output)
        var secret = try client.serializedSecretKey()
        defer { secret.wipe() }
        try StagedFile.write(secret, to: secretPath, isSecret: true, overwrite: force)
        try StagedFile.write(evaluation, to: evaluationPath)
        progress.finish()
        return CommandReport(
            members: [
                ("method", .string(clientPlan.methodName.rawValue)),
                ("secret_key", .string(secretPath)),
                ("secret_key_bytes", .integer(secret.count)),
                ("evaluation_key", .string(evaluationPath)),
                ("evaluation_key_bytes", .integer(evaluation.count)),
                ("keygen_ms", .number(elapsed.milliseconds)),
            ],
            text: """
                Written in \(Format.duration(elapsed))
                  \(secretPath) (\(Format.bytes(secret.count))): yours alone
                  \(evaluationPath) (\(Format.bytes(evaluation.count))): for the server
                """)
    }
}
