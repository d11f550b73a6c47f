// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import BigIntegers
import Blindsight
import Files
import Wire

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

            With --passphrase the secret key is encrypted under one, which is asked for on the terminal, or is the \
            first line of --passphrase-file. Without it nothing opens the key again.
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

    @Flag(help: "Protect the secret key by a passphrase.")
    var passphrase = false

    @Option(
        help: ArgumentHelp(
            "The file whose first line is the passphrase.",
            discussion:
                "With --evaluation-only of the secret key that is there, else of the new one."),
        completion: .file())
    var passphraseFile: String?

    @OptionGroup package var options: OutputOptions

    package init() {}

    package func validate() throws {
        guard !(force && evaluationOnly) else {
            throw ValidationError("give either --force or --evaluation-only")
        }
        guard !(passphrase && evaluationOnly) else {
            throw ValidationError(
                "--passphrase belongs to a new secret key; that of the one that is there is asked for where it has one"
            )
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
        // Before time goes by on keys.
        var protection = try evaluationOnly ? nil : newPassphrase(for: secretPath)
        defer { protection?.wipe() }
        let present = PassphraseOptions(file: passphraseFile)
        let start = ContinuousClock.now
        let client =
            try evaluationOnly
            ? CommandFiles.client(secretKey: secretPath, present, plan: clientPlan)
            : Client(clientPlan)
        let progress = ProgressBar("keys")
        defer { progress.finish() }
        let evaluation = try client.evaluationKeys {
            progress.update($0, of: $1)
        }.serialized()
        let elapsed = ContinuousClock.now - start
        try CommandFiles.makeFolder(output, isPrivate: true)
        // None is written where one is there: it stays as it is.
        var secret = try evaluationOnly ? [] : client.serializedSecretKey(passphrase: protection)
        defer { secret.wipe() }
        let secretBytes = evaluationOnly ? CommandFiles.size(secretPath) : secret.count
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
                ("secret_key_bytes", .integer(secretBytes)),
                (
                    "secret_key_protected",
                    .boolean(try evaluationOnly ? isProtected(secretPath) : protection != nil)
                ),
                ("evaluation_key", .string(evaluationPath)),
                ("evaluation_key_bytes", .integer(evaluation.count)),
                ("keygen_ms", .number(elapsed.milliseconds)),
            ],
            text: """
                Written in \(Format.duration(elapsed))
                  \(secretPath) (\(Format.bytes(secretBytes))): yours alone
                  \(evaluationPath) (\(Format.bytes(evaluation.count))): for the server
                """)
    }

    /// nil where none is wanted.
    private func newPassphrase(for path: String) throws -> [UInt8]? {
        if let passphraseFile { return try Passphrase.read(from: passphraseFile) }
        return passphrase ? try Passphrase.askForNew(for: path) : nil
    }

    private func isProtected(_ path: String) throws -> Bool {
        var bytes = try Envelope.bytes(of: RegularFile(path), expecting: .secretKey)
        defer { bytes.wipe() }
        return try SecretKeyFile.isProtected(bytes)
    }
}
