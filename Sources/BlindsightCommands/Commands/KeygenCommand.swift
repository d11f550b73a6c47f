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

            Both are whole before either gets its name. --evaluation-only makes evaluation.key anew for the \
            secret.key that is there, as after an interrupt between the two.
            """)

    @Option(help: "The client's plan.", completion: .file(extensions: ["plan"]))
    var plan: String

    @Option(
        name: [.short, .customLong("output")], help: "The folder for the two keys.",
        completion: .directory)
    var output: String

    @Flag(help: "Overwrite a secret key that is there.")
    var force = false

    @Flag(help: "Keep the secret key that is there, and make evaluation keys for it.")
    var evaluationOnly = false

    @OptionGroup package var options: OutputOptions

    package init() {}

    package func validate() throws {
        guard !(force && evaluationOnly) else {
            throw ValidationError("give either --force or --evaluation-only")
        }
    }

    package func report() throws -> CommandReport {
        let clientPlan = try CommandFiles.clientPlan(plan)
        let secretPath = "\(output)/secret.key"
        let evaluationPath = "\(output)/evaluation.key"
        // Looked at first, to not make keys for nothing; writing checks it again.
        guard force || evaluationOnly || !FileSystem.exists(secretPath) else {
            throw CommandError.secretKeyExists(secretPath)
        }
        let start = ContinuousClock.now
        let client =
            try evaluationOnly
            ? CommandFiles.client(secretKey: secretPath, plan: clientPlan) : Client(clientPlan)
        let progress = ProgressBar("keys")
        defer { progress.finish() }
        let evaluation = try client.evaluationKeys {
            progress.update($0, of: $1)
        }.serialized()
        let elapsed = ContinuousClock.now - start
        try CommandFiles.makeFolder(output, isPrivate: true)
        var secret = try client.serializedSecretKey()
        defer { secret.wipe() }
        var files = [try StagedFile(evaluationPath)]
        try files[0].write(evaluation)
        if !evaluationOnly {
            // Before its evaluation keys: without it nothing is lost.
            files.insert(
                try StagedFile(secretPath, isPrivate: true, overwrite: force), at: 0)
            try files[0].write(secret)
        }
        try StagedFile.finish(files)
        if !evaluationOnly { try CommandFiles.refusals(of: secretPath).remove() }
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
