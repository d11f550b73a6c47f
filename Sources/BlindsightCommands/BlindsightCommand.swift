// SPDX-License-Identifier: Apache-2.0

import ArgumentParser

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
            DecryptCommand.self, VerifyCommand.self, BenchCommand.self, InspectCommand.self,
            DemoCommand.self,
        ])

    package init() {}
}
