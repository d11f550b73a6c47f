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
            ("certified", .integer(prediction.isCertified ? 1 : 0)),
        ])
        options.show(object) { Self.text(prediction, clientPlan) }
    }

    private static func text(_ prediction: Prediction, _ plan: ClientPlan) -> String {
        var table = Table(.left, .right, .right, .left)
        // Of a decision by sign or votes, outputs are not labels' scores.
        let isNamed = plan.labels.count == prediction.logits.count
        table.add(isNamed ? "label" : "output", "logit (integer)", "value", "")
        for (index, logit) in prediction.logits.enumerated() {
            let isLargest = plan.decision == .largest && index == prediction.index
            table.add(
                isNamed ? plan.labels[index] : "\(index)", Format.grouped(logit),
                Format.decimals(prediction.values[index], 4), isLargest ? "<- largest" : "")
        }
        var lines = table.text
        if plan.decision != .regression {
            lines += "\n\nPrediction: \(Terminal.styled(prediction.label, .bold))"
        }
        if !prediction.isCertified {
            lines += "\n\nNot certified: the plan's range is \(plan.certificate.boundMethod)"
        }
        return lines
    }
}
