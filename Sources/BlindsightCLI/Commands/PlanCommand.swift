import ArgumentParser
import Blindsight
import Foundation

struct PlanCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plan",
        abstract: "Make a certified plan of an ONNX model, quantized or float.",
        discussion: """
            Writes server.plan (weights and circuit, for the server) and client.plan (parameters and \
            encodings, no weights, for the client). Prints what is proven and what a prediction will cost.

              blindsight plan Models/mnist.onnx -o plan

            A model that states its integers (QuantizeLinear, DequantizeLinear) is taken as it is. A float \
            model takes a few hundred calibration samples, by which activations become polynomials and \
            weights integers; report.md and a plot of each activation say what became of it.

              blindsight plan Models/relu-mlp.onnx --calibration calibration.npy -o plan
            """)

    enum Layout: String, ExpressibleByArgument, CaseIterable { case auto, latency, batch }
    enum RangeSource: String, ExpressibleByArgument, CaseIterable { case certified, calibrated }

    @Argument(help: "The ONNX model.", completion: .file(extensions: ["onnx"]))
    var model: String

    @Option(
        name: [.short, .customLong("output")], help: "The folder for the plans and the report.",
        completion: .directory)
    var output: String

    @Option(
        help: "Samples of the training data (NPY, CSV or IDX), as the model takes them.",
        completion: .file())
    var calibration: String?

    @Option(
        help: "The label of each calibration sample, for accuracies in the report.",
        completion: .file())
    var labels: String?

    @Option(help: "Bits of weights and inputs that may be chosen, such as 3..8.")
    var bits: IntegerRange?

    @Option(help: "Degrees of polynomials that may take the place of activations, such as 2..4.")
    var degrees: IntegerRange?

    @Option(
        help: "Most bits of the outputs' range; by default what accuracy on the samples asks for.")
    var rangeBits: Double?

    @Option(
        help:
            "Where the outputs' bounds come from: a proof (certified), or the samples and a margin (calibrated)."
    )
    var range: RangeSource = .certified

    @Option(help: "Bits beyond the samples' outputs, with --range calibrated.")
    var marginBits: Double?

    @Option(
        help:
            "How samples are laid out: one a request (latency), many at once (batch), or what is faster for the samples of --batch (auto)."
    )
    var layout: Layout = .auto

    @Option(
        help:
            "The encryption: bfv for any network, paillier for a linear one, or for a linear one whichever moves far fewer bytes, else bfv (auto)."
    )
    var scheme: Scheme = .auto

    @Option(help: "Bits of a Paillier key: 2048 (112-bit security), 3072 (the default) or 4096.")
    var keyBits: Int?

    @Option(help: "How many samples are scored at once; with --layout batch by default 8192.")
    var batch: Int?

    @OptionGroup var options: OutputOptions

    func validate() throws {
        guard marginBits == nil || range == .calibrated else {
            throw ValidationError("--margin-bits belongs to --range calibrated")
        }
        guard batch == nil || (1...1 << 30).contains(batch!) else {
            throw ValidationError("--batch must be 1 to \(1 << 30)")
        }
        guard batch == nil || layout != .latency else {
            throw ValidationError("--batch belongs to --layout batch or auto")
        }
        guard keyBits == nil || scheme != .bfv else {
            throw ValidationError("--key-bits belongs to --scheme paillier or auto")
        }
        guard keySize != nil else {
            throw ValidationError("--key-bits must be 2048, 3072 or 4096")
        }
        guard scheme != .paillier || (layout == .auto && range == .certified) else {
            throw ValidationError("--scheme paillier has no layouts and always certifies the range")
        }
        guard scheme != .paillier || batch == nil else {
            throw ValidationError(
                "--scheme paillier takes any number of samples: --batch is not for it")
        }
        guard labels == nil || calibration != nil else {
            throw ValidationError("--labels belongs to --calibration")
        }
    }

    func run() throws {
        let bytes = try ArtifactFile.read(model)
        let progress = ProgressBar("plan")
        defer { progress.finish() }
        let samples = try calibration.map { path in
            do { return try SampleFile.read(path: path) } catch {
                throw CommandError.file(path, error)
            }
        }
        let labels = try self.labels.map { path in
            do { return try SampleFile.readLabels(path: path) } catch {
                throw CommandError.file(path, error)
            }
        }
        let planned: PlannedModel
        do {
            if scheme == .paillier {
                let linear = try PlannedLinearModel(
                    model: bytes, calibration: samples, labels: labels, options: planningOptions,
                    keySize: keySize!
                ) { progress.show($0) }
                return try finish(linear, model: bytes, progress: progress)
            }
            planned = try PlannedModel(
                model: bytes, calibration: samples, labels: labels, options: planningOptions
            ) { progress.show($0) }
        } catch {
            throw CommandError.file(model, error)
        }
        if scheme == .auto, layout == .auto, range == .certified,
            let linear = PlannedLinearModel(
                insteadOf: planned, samples: batch ?? 1, keySize: keySize!)
        {
            return try finish(linear, model: bytes, progress: progress)
        }
        let files = PlanFiles(folder: output)
        let sizes = try files.write(planned, model: bytes, title: model)
        progress.finish()
        let plan = PlanReport(plan: planned.plan.client, costs: CalibrationFile.read())
        show(files, sizes, plan.members, plan.text, planned.quantization, planned.notes)
    }

    private var keySize: PaillierKeySize? {
        switch keyBits ?? 3072 {
        case 2048: .bits2048
        case 3072: .bits3072
        case 4096: .bits4096
        default: nil
        }
    }

    private func finish(
        _ planned: PlannedLinearModel, model bytes: [UInt8], progress: ProgressBar
    ) throws {
        let files = PlanFiles(folder: output)
        let sizes = try files.write(planned, model: bytes, title: model)
        progress.finish()
        let plan = LinearReport(plan: planned.plan.client)
        show(files, sizes, plan.members, plan.text, planned.quantization, planned.notes)
    }

    /// - Parameters:
    ///   - members: of the plan, in JSON.
    ///   - text: the same for people.
    private func show(
        _ files: PlanFiles, _ sizes: (server: Int, client: Int), _ members: [(String, JSON)],
        _ text: String, _ quantization: QuantizationReport?, _ notes: [String]
    ) {
        let quantization = quantization.map { QuantizationText(report: $0, notes: notes) }
        let object = JSON.object(
            [
                ("model", .string(model)),
                ("server_plan", .string(files.server)),
                ("server_plan_bytes", .integer(sizes.server)),
                ("client_plan", .string(files.client)),
                ("client_plan_bytes", .integer(sizes.client)),
            ] + members + (quantization.map { [("quantization", $0.json)] } ?? []))
        options.show(object) {
            (quantization.map { "\($0.text)\n\n" } ?? "") + """
                \(text)

                Written
                  \(files.server) (\(Format.bytes(sizes.server))): for the server; holds the weights
                  \(files.client) (\(Format.bytes(sizes.client))): for the client; holds no weights
                  \(files.report): all of this, and what became of each layer
                """
        }
    }

    private var planningOptions: PlanningOptions {
        var options = PlanningOptions()
        if let bits { options.quantization.bits = bits.range }
        if let degrees { options.quantization.degrees = degrees.range }
        options.quantization.rangeBudget = rangeBits
        switch layout {
        case .latency: options.layout = .latency
        case .batch: options.layout = .batch(samples: batch ?? 8192)
        case .auto: options.layout = .cheapest(samples: batch ?? 1)
        }
        if range == .calibrated { options.range = .calibrated(marginBits: marginBits ?? 4) }
        return options
    }
}

extension Scheme: ExpressibleByArgument {}

/// "3..8", "3...8", "3-8" or "5".
struct IntegerRange: ExpressibleByArgument {
    let range: ClosedRange<Int>

    init?(argument: String) {
        let parts = argument.split { $0 == "." || $0 == "-" }.map { Int($0) }
        guard let first = parts.first ?? nil, let last = parts.last ?? nil, parts.count <= 2,
            first <= last
        else { return nil }
        range = first...last
    }
}
