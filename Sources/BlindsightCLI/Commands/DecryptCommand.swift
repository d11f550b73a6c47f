import ArgumentParser
import Blindsight

struct DecryptCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "decrypt",
        abstract: "Decrypt a reply: the label and all logits.",
        discussion: """
            Logits are exact integers; their value is the integer times the model's output scale.

              blindsight decrypt --plan plan/client.plan --key keys/secret.key reply.ct
            """)

    @Option(help: "The client's plan.", completion: .file(extensions: ["plan"]))
    var plan: String

    @Option(help: "The secret key.", completion: .file(extensions: ["key"]))
    var key: String

    @Argument(help: "The server's reply.", completion: .file(extensions: ["ct"]))
    var reply: String

    @OptionGroup var options: OutputOptions

    func run() throws {
        let clientPlan = try Files.clientPlan(plan)
        let client = try Files.client(secretKey: key, plan: clientPlan)
        let encrypted = try Files.named(reply) { try Artifact.decodeReply($0, plan: clientPlan) }
        let prediction = try client.decrypt(encrypted)

        let object = JSON.object([
            ("label", .string(prediction.label)), ("index", .integer(prediction.index)),
            ("labels", .array(clientPlan.labels.map { .string($0) })),
            ("logits", .array(prediction.logits.map { .integer($0) })),
            ("values", .array(prediction.values.map { .number($0) })),
        ])
        options.show(object) {
            var table = Table(.left, .right, .right, .left)
            table.add("label", "logit (integer)", "value", "")
            for (index, label) in clientPlan.labels.enumerated() {
                table.add(
                    label, Format.grouped(prediction.logits[index]),
                    Format.decimals(prediction.values[index], 4),
                    index == prediction.index ? "<- largest" : "")
            }
            return "\(table.text)\n\nPrediction: \(Terminal.styled(prediction.label, .bold))"
        }
    }
}
