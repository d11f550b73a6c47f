// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Files

package struct BlindsightCommand: ParsableCommand {
    package static let configuration = CommandConfiguration(
        commandName: "blindsight",
        abstract: "Predictions by a server that never sees the data.",
        discussion: """
            The model's owner makes a plan. The data's owner makes keys from the client's half of it, \
            encrypts, and alone can decrypt. The server computes on ciphertexts.

              blindsight plan Models/mnist.onnx -o plan
              blindsight keygen --plan plan/client.plan -o keys
              blindsight encrypt --plan plan/client.plan --key keys/secret.key \\
                --input Samples/digits-images-idx3-ubyte --index 14 -o sample.ct
              blindsight predict --plan plan/server.plan \\
                --evaluation-key keys/evaluation.key sample.ct -o reply.ct
              blindsight decrypt --plan plan/client.plan --key keys/secret.key \\
                --request sample.ct reply.ct

            With `plan --method features` the same commands take thousands of samples at once.
            """,
        subcommands: [
            PlanCommand.self, KeygenCommand.self, EncryptCommand.self, PredictCommand.self,
            DecryptCommand.self, PassphraseCommand.self, VerifyCommand.self, BenchCommand.self,
            InspectCommand.self, DemoCommand.self, ServeCommand.self, AskCommand.self,
        ])

    package init() {}

    /// Runs the program: what `main` of the argument parser does, but for how errors are told.
    /// - Parameter arguments: nil: the process's own.
    package static func runProgram(_ arguments: [String]? = nil) -> Never {
        do {
            var command = try parseAsRoot(arguments)
            try command.run()
        } catch {
            let code = exitCode(for: error)
            // Help, and scripts for shells, are ours alone.
            guard code != .success else { exit(withError: error) }
            let text = told(error)
            if !text.isEmpty { Terminal.writeError(text + "\n") }
            exit(withError: code)
        }
        exit()
    }

    /// An error's text. Libraries' errors are one line, whatever names from files they hold; none steers a terminal.
    package static func told(_ error: any Error) -> String {
        let text = fullMessage(for: error)
        // Those of the argument parser have lines of usage, and CommandError takes care of its own.
        let mayHaveLines = error is CommandError || exitCode(for: error) != .failure
        return mayHaveLines ? text.printableLines : text.printable(limit: 4000)
    }
}
