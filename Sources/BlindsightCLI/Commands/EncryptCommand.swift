import ArgumentParser
import Blindsight

struct EncryptCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "encrypt",
        abstract: "Encrypt one sample of a file.",
        discussion: """
            Reads IDX, NPY and CSV, plain or gzip, told apart by content. Integers are taken as they \
            are: a pixel is 0 to 255.

              blindsight encrypt --plan plan/client.plan --key keys/secret.key \\
                --input Samples/digits-images-idx3-ubyte --index 14 -o sample.ct
            """)

    @Option(help: "The client's plan.", completion: .file(extensions: ["plan"]))
    var plan: String

    @Option(help: "The secret key.", completion: .file(extensions: ["key"]))
    var key: String

    @Option(help: "The file of samples.", completion: .file())
    var input: String

    @Option(help: "Which sample of it; the first is 0.")
    var index = 0

    @Option(name: [.short, .customLong("output")], help: "The file for the ciphertext.")
    var output: String

    @OptionGroup var options: OutputOptions

    func run() throws {
        let clientPlan = try Files.clientPlan(plan)
        let client = try Files.client(secretKey: key, plan: clientPlan)
        let samples = try Files.samples(input, for: clientPlan.input)
        guard (0..<samples.count).contains(index) else {
            throw CommandError.noSuchSample(index, count: samples.count)
        }
        let start = ContinuousClock.now
        let request = try client.encrypt(samples.sample(at: index))
        let elapsed = ContinuousClock.now - start
        let bytes = try Artifact.encode(request, plan: clientPlan)
        try ArtifactFile.write(bytes, to: output)

        let object = JSON.object([
            ("ciphertext", .string(output)), ("request_bytes", .integer(bytes.count)),
            ("encrypt_ms", .number(elapsed.milliseconds)),
        ])
        options.show(object) {
            "Encrypted sample \(index) of \(input) in \(Format.duration(elapsed)): "
                + "\(output) (\(Format.bytes(bytes.count)))"
        }
    }
}
