import ArgumentParser
import Blindsight

struct PlanCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plan",
        abstract: "Make a certified plan of a quantized ONNX model.",
        discussion: """
            Writes two files: server.plan (weights and circuit, for the server) and client.plan \
            (parameters and encodings, no weights, for the client). Prints what is proven and what a \
            prediction will cost.

              blindsight plan Models/mnist.onnx -o plan
            """)

    @Argument(help: "The quantized ONNX model.", completion: .file(extensions: ["onnx"]))
    var model: String

    @Option(
        name: [.short, .customLong("output")], help: "The folder for the two plans.",
        completion: .directory)
    var output: String

    @OptionGroup var options: OutputOptions

    func run() throws {
        let bytes = try ArtifactFile.read(model)
        let progress = ProgressBar("plan")
        defer { progress.finish() }
        let plan: Plan
        do {
            plan = try Plan(model: bytes) { progress.show($0) }
        } catch let error as ONNXError {
            throw CommandError.file(model, error)
        }
        let serverPath = "\(output)/server.plan"
        let clientPath = "\(output)/client.plan"
        let server = try Artifact.encode(plan, model: bytes)
        let client = try Artifact.encode(plan.client)
        try Files.makeDirectory(output)
        try ArtifactFile.write(server, to: serverPath)
        try ArtifactFile.write(client, to: clientPath)
        progress.finish()

        let report = PlanReport(plan: plan.client, costs: CalibrationFile.read())
        let object = JSON.object(
            [
                ("model", .string(model)),
                ("server_plan", .string(serverPath)), ("server_plan_bytes", .integer(server.count)),
                ("client_plan", .string(clientPath)), ("client_plan_bytes", .integer(client.count)),
            ] + report.members)
        options.show(object) {
            """
            \(report.text)

            Written
              \(serverPath) (\(Format.bytes(server.count))): for the server; holds the weights
              \(clientPath) (\(Format.bytes(client.count))): for the client; holds no weights
            """
        }
    }
}
