// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import BigIntegers
import Files
import Wire

package struct PassphraseCommand: ReportingCommand {
    package static let configuration = CommandConfiguration(
        commandName: "passphrase",
        abstract: "Protect a secret key by a passphrase, change it, or remove it.",
        discussion: """
            Asks on the terminal, without showing what is typed, or reads files' first lines. The key itself stays, \
            and so do its evaluation keys. The disk may keep the old file's bytes, and copies of it keep the old \
            passphrase: where that was known to others, make new keys.

              blindsight passphrase keys/secret.key
            """)

    @Argument(help: "The secret key.", completion: .file(extensions: ["key"]))
    var key: String

    @Flag(help: "Leave the key without a passphrase.")
    var remove = false

    @Option(help: "The file whose first line is the new passphrase.", completion: .file())
    var newPassphraseFile: String?

    @OptionGroup var passphrase: PassphraseOptions

    @OptionGroup package var options: OutputOptions

    package init() {}

    package func validate() throws {
        guard !remove || newPassphraseFile == nil else {
            throw ValidationError("give either --remove or --new-passphrase-file")
        }
    }

    package func report() throws -> CommandReport {
        let bytes = try CommandFiles.withSecretKey(key, passphrase) { bytes, old in
            var new: [UInt8]?
            if !remove {
                new =
                    try newPassphraseFile.map { try Passphrase.read(from: $0) }
                    ?? Passphrase.askForNew(for: key)
            }
            defer { new?.wipe() }
            var resealed = try SecretKeyFile.reseal(bytes, from: old, to: new)
            defer { resealed.wipe() }
            try StagedFile.write(resealed, to: key, isSecret: true, overwrite: true)
            return resealed.count
        }
        return CommandReport(
            members: [
                ("secret_key", .string(key)), ("secret_key_bytes", .integer(bytes)),
                ("secret_key_protected", .boolean(!remove)),
            ],
            text: remove
                ? "\(key): without a passphrase; whoever reads it has the key"
                : "\(key): protected by the new passphrase")
    }
}
