// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Blindsight
import Files
import Inference
import InferenceClient
import ONNXModels
import Paillier
import Quantization
import Samples
import TensorGraphs

package struct PlanCommand: ReportingCommand {
    package static let configuration = CommandConfiguration(
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

            Methods: slots evaluates one sample or a few, in milliseconds; features takes thousands at once; \
            paillier takes linear models, with keys and replies of less than a kilobyte. auto takes the fastest \
            for --samples, or one that moves at most half of its bytes and takes at most a second.
            """)

    enum RangeSource: String, ExpressibleByArgument, CaseIterable { case certified, calibrated }

    @Argument(help: "The ONNX model.", completion: .file(extensions: ["onnx"]))
    var model: String

    @Option(
        name: [.short, .customLong("output")], help: "The folder for the plans and the report.",
        completion: .directory)
    var output: String

    @Option(
        help: "Samples of the training data (NPY, NPZ, CSV or IDX), as the model takes them.",
        completion: .file())
    var calibration: String?

    @Option(
        help: "The label of each calibration sample, for accuracies in the report.",
        completion: .file())
    var labels: String?

    @OptionGroup var dataFile: DataFileOptions

    @OptionGroup var labelFile: LabelFileOptions

    @Option(help: "auto, slots, features, paillier, or another method that this program has.")
    var method = "auto"

    @Option(help: "How many samples are scored at once; by default 1, with --method features 8192.")
    var samples: Int?

    @Option(
        help:
            "A client plan within whose key set the new plan is found, so that its clients keep their keys.",
        completion: .file(extensions: ["plan"]))
    var within: String?

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
        help: """
            Bits of function privacy: how well replies hide the model from who decrypts them. 0, 40, 64 or 80; \
            by default 40 where it costs little, else 0.
            """)
    var functionPrivacy: Int?

    @Option(help: "Bits of a Paillier key: 2048 (112-bit security), 3072 (the default) or 4096.")
    var keyBits: Int?

    @Option(
        help: """
            A node of the model, by its name, that is left to the client, its weights and all, with what can be done only \
            before or after it. May be given several times.
            """)
    var move: [String] = []

    @Option(
        help:
            "What the model's several outputs are where it doesn't tell: scores of classes, or quantities."
    )
    var outputs: TensorGraph.OutputKind?

    @Option(
        help:
            "What clients may know of a model's trees: nothing (grid: thresholds are moved onto one of the samples), their thresholds, or all of their structure but what leaves are worth."
    )
    var trees: TensorGraph.TreeDisclosure?

    @Option(
        help:
            "With --trees grid, how many parts its limits cut each feature into: 2 to 4096; 64 by default."
    )
    var bins: Int?

    @Option(
        help: """
            What activations become: table, which is exactly the model's where it quantizes what it accumulates in so \
            few bits, and else keeps each function but quantizes it to few bits anew, by the calibration samples; \
            polynomial, near them and faster; or auto: tables where they are the model's and a plan with them is found.
            """)
    var activations: PlanningOptions.ActivationChoice = .auto

    @Flag(help: "Make the plan even where its integers often answer otherwise than the model.")
    var acceptErrors = false

    @OptionGroup package var options: OutputOptions

    package init() {}

    package var holdsSecrets: Bool { false }

    package func validate() throws {
        guard marginBits == nil || range == .calibrated else {
            throw ValidationError("--margin-bits belongs to --range calibrated")
        }
        guard samples == nil || (1...1 << 30).contains(samples!) else {
            throw ValidationError("--samples must be 1 to \(1 << 30)")
        }
        guard functionPrivacy.map(FunctionPrivacyChoice.bits.contains) ?? true else {
            throw ValidationError("--function-privacy must be 0, 40, 64 or 80")
        }
        guard bins == nil || trees == .grid else {
            throw ValidationError("--bins belongs to --trees grid")
        }
        guard (2...4096).contains(bins ?? 2) else {
            throw ValidationError("--bins must be 2 to 4096")
        }
        guard keySize != nil else {
            throw ValidationError("--key-bits must be 2048, 3072 or 4096")
        }
        guard labels == nil || calibration != nil else {
            throw ValidationError("--labels belongs to --calibration")
        }
    }

    package func report() throws -> CommandReport {
        let bytes: [UInt8]
        do { bytes = try ONNXModel.bytes(path: model) } catch let error as ONNXError {
            throw CommandError.file(model, error)
        }
        let progress = ProgressBar("plan")
        defer { progress.finish() }
        let options = try planningOptions()
        func refusing<Value>(_ body: () throws -> Value) throws -> Value {
            do { return try body() } catch {
                throw CommandError.file(model, Refused.orSame(error))
            }
        }
        let imported = try refusing { try ImportedModel(bytes, options: options) }
        var reading = dataFile.reading
        reading.columns = imported.columns.map(CommandFiles.columns)
        let samples = try calibration.map { path in
            try CommandFiles.naming(path) { try SampleFile.read(path: path, as: reading) }
        }
        let labels = try self.labels.map { path in
            do {
                return try SampleFile.readLabels(
                    path: path, names: [], as: labelFile.reading(count: samples?.count ?? 0))
            } catch let error as SampleError {
                throw CommandError.labels(path, error)
            }
        }
        let planned = try refusing {
            try PlannedModel(
                imported, calibration: samples, labels: labels, options: options
            ) { progress.show($0) }
        }
        let files = PlanFiles(folder: output)
        let sizes = try files.write(planned, title: model)
        progress.finish()
        let plan = PlanReport(server: planned.plan, speed: MachineSpeedFile.read())
        let quantization = planned.quantization.map {
            QuantizationText(
                report: $0, notes: planned.notes, judgement: planned.judgement)
        }
        return CommandReport(
            members: [
                ("model", .string(model)),
                ("server_plan", .string(files.server)),
                ("server_plan_bytes", .integer(sizes.server)),
                ("client_plan", .string(files.client)),
                ("client_plan_bytes", .integer(sizes.client)),
            ] + plan.members + (quantization.map { [("quantization", $0.json)] } ?? []),
            text: (quantization.map { "\($0.text)\n\n" } ?? "") + """
                \(plan.text)

                Written
                  \(files.server) (\(Format.bytes(sizes.server))): for the server; holds the weights
                  \(files.client) (\(Format.bytes(sizes.client))): for the client; holds no weights
                  \(files.report): all of this, and what became of each layer
                """)
    }

    private var keySize: PaillierKeySize? {
        switch keyBits ?? 3072 {
        case 2048: .bits2048
        case 3072: .bits3072
        case 4096: .bits4096
        default: nil
        }
    }

    private func planningOptions() throws -> PlanningOptions {
        var options = PlanningOptions()
        if let bits { options.quantization.bits = bits.range }
        if let degrees { options.quantization.degrees = degrees.range }
        options.quantization.rangeBudget = rangeBits
        // A group of the method "features" is made for many.
        let usual = method == MethodName.features.rawValue ? 8192 : 1
        options.method = MethodChoice(
            method == "auto" ? nil : MethodName(rawValue: method), samples: samples ?? usual)
        if range == .calibrated { options.range = .calibrated(marginBits: marginBits ?? 4) }
        options.functionPrivacyBits = functionPrivacy
        options.acceptsAnyError = acceptErrors
        options.activations = activations
        options.clientNodes = move
        options.outputKind = outputs
        options.trees = trees
        if let bins { options.treeBins = bins }
        options.planner = Planner(keySize: keySize!)
        options.within = try within.map(CommandFiles.clientPlan)
        return options
    }
}

/// A refusal with the options of the command line that its remedies are.
struct Refused: Error, CustomStringConvertible {
    let refusal: PlanRefusal

    init(_ refusal: PlanRefusal) { self.refusal = refusal }

    /// An error with the options of the command line, where it is a refusal.
    static func orSame(_ error: any Error) -> any Error {
        (error as? PlanRefusal).map(Refused.init) ?? error
    }

    /// Several lines, in which names hold no newline.
    var description: String {
        let place = refusal.place.map { " at '\($0.printable(limit: 60))'" } ?? ""
        let steps = refusal.remedies.map { remedy in
            "\n  - \(remedy.description.printable)"
                + (Self.option(remedy).map { ": \($0)" } ?? "")
        }.joined()
        return "this model can't be served\(place): \(refusal.problem.printable)"
            + (steps.isEmpty ? "" : "\nWhat would work:\(steps)")
    }

    private static func option(_ remedy: PlanRefusal.Remedy) -> String? {
        switch remedy {
        case .calibrationSamples: "--calibration samples.npy"
        case .fewerBits(let bits, _): "--bits \(bits.lowerBound)..\(bits.upperBound)"
        case .lowestDegree: "--degrees 2..2"
        case .calibratedRange(let margin): "--range calibrated --margin-bits \(Int(margin))"
        case .certifiedRange: "--range certified"
        case .statedOutputs: "--outputs quantities, or --outputs scores"
        case .knownTrees(let trees): "--trees \(trees.rawValue)"
        case .nodesAtTheClient(let names):
            names.map { "--move '\($0)'" }.joined(separator: " ")
        case .anyError: "--accept-errors"
        case .margin: "--margin-bits 4"
        case .fewerActivations, .smallerLayer, .distillation, .layersAtTheClient: nil
        }
    }
}

extension TensorGraph.OutputKind: ExpressibleByArgument {}
extension TensorGraph.TreeDisclosure: ExpressibleByArgument {}
extension PlanningOptions.ActivationChoice: ExpressibleByArgument {}

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
