import ArgumentParser
import Blindsight

struct EncryptCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "encrypt",
        abstract: "Encrypt a sample of a file, or all of them in the batch layout.",
        discussion: """
            Reads IDX, NPY and CSV, plain or gzip, told apart by content. Integers are taken as they \
            are: a pixel is 0 to 255.

              blindsight encrypt --plan plan/client.plan --key keys/secret.key \\
                --input Samples/digits-images-idx3-ubyte --index 14 -o sample.ct

            With a plan of the batch layout it takes all samples, or those that --from and --limit say, group \
            by group; --index 14 is --from 14 --limit 1.

              blindsight encrypt --plan plan/client.plan --key keys/secret.key --input test.npy -o batch.ct
            """)

    @Option(help: "The client's plan.", completion: .file(extensions: ["plan"]))
    var plan: String

    @Option(help: "The secret key.", completion: .file(extensions: ["key"]))
    var key: String

    @Option(help: "The file of samples.", completion: .file())
    var input: String

    @Option(help: "Which sample of it; the first is 0, the default where the plan takes one.")
    var index: Int?

    @Option(help: "The first sample to take, where the plan takes many; by default 0.")
    var from: Int?

    @Option(help: "How many samples to take, where the plan takes many; by default all.")
    var limit: Int?

    @Option(help: "Threads to use; by default one a core.")
    var threads: Int?

    @Option(name: [.short, .customLong("output")], help: "The file for the ciphertext.")
    var output: String

    @OptionGroup var options: OutputOptions

    func validate() throws {
        try Threads.validate(threads)
        if let limit, limit < 1 { throw ValidationError("--limit must be at least 1") }
        guard index == nil || (from == nil && limit == nil) else {
            throw ValidationError("give either --index or --from and --limit")
        }
    }

    func run() throws {
        let isLinear = LinearFiles.holdsPlan(plan)
        let clientPlan = isLinear ? nil : try Files.clientPlan(plan)
        if let clientPlan, clientPlan.layout == .batch {
            return try BatchEncryption(
                plan: clientPlan, key: key, input: input, output: output,
                first: index ?? from ?? 0, limit: index == nil ? limit : 1,
                threads: threads ?? Threads.cores
            ).run(options)
        }
        guard let clientPlan else {
            return try LinearCommands.encrypt(
                plan: plan, key: key, input: input, first: index ?? from ?? 0,
                limit: index == nil ? limit : 1, output: output,
                threads: threads ?? Threads.cores, options: options)
        }
        if from != nil { throw CommandError.batchOnly(option: "--from") }
        if limit != nil { throw CommandError.batchOnly(option: "--limit") }
        try encryptOne(clientPlan, index: index ?? 0)
    }

    private func encryptOne(_ clientPlan: ClientPlan, index: Int) throws {
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
