import BigIntegers
import Inference
import IntegerNetworks
import ONNXModels
import Quantization
import Samples

/// A plan, and how its network came about.
public struct PlannedModel: Sendable {
    public let plan: Plan
    /// What quantization did; nil where the model states its integers itself and was taken as it is.
    public let quantization: QuantizationReport?
    /// What was tried and had to be given up, in words.
    public let notes: [String]

    /// For `Artifact.encode(_:model:isQuantized:)`.
    public var isQuantized: Bool { quantization != nil }

    /// Plans a model. One whose QuantizeLinear and DequantizeLinear state every integer is taken as it is, exactly; any other is
    /// quantized, which takes calibration samples.
    ///
    /// - Parameters:
    ///   - model: the ONNX file's bytes.
    ///   - calibration: a few hundred samples as the model takes them.
    ///   - labels: of each calibration sample, for accuracies in the report.
    ///   - progress: a line on what is being done.
    /// - Throws: `ONNXError` or `QuantizationError` naming the node that cannot be taken, `PlanRefusal`, `PlanError` where the integers
    ///   that a model states have no parameters, or `NetworkError` for samples that don't fit.
    public init(
        model bytes: [UInt8], calibration: SampleSet? = nil, labels: [Int]? = nil,
        options: PlanningOptions = PlanningOptions(),
        progress: @escaping @Sendable (String) -> Void = { _ in }
    ) throws {
        let model = try ONNXModel.load(bytes)
        if let network = try? model.integerNetwork() {
            plan = try Self.plan(
                network, calibration: calibration, options: options, progress: progress)
            quantization = nil
            notes = []
            return
        }
        let (quantizer, samples) = try Self.quantizer(
            model, calibration: calibration, labels: labels, options: options, progress: progress)
        let ladder = BudgetLadder(quantizer: quantizer)
        let found = try ladder.plan(
            calibration: samples, options: options, progress: progress)
        plan = found.plan
        quantization = found.report
        notes = found.notes
    }

    /// For a float model, with the samples.
    /// - Throws: `PlanRefusal` without samples, and what else a model is refused for.
    static func quantizer(
        _ model: ONNXModel, calibration: SampleSet?, labels: [Int]?, options: PlanningOptions,
        progress: @escaping @Sendable (String) -> Void
    ) throws -> (Quantizer, SampleSet) {
        guard let calibration else {
            // What can't be imported at all is told first.
            _ = try RealReference(model)
            throw PlanRefusal(
                layer: nil,
                reason:
                    "it has weights or activations in floating point, and nothing tells their ranges",
                advice: ["a few hundred samples to quantize it by: --calibration samples.npy"])
        }
        do {
            let quantizer = try Quantizer(
                model, calibration: calibration, labels: labels, options: options.quantization
            ) { progress("\($0.stage.words), \(Int(100 * $0.share)) %") }
            return (quantizer, calibration)
        } catch let error as QuantizationError {
            guard case .tooDeep(let depth, _) = error,
                let diagnosis = DepthDiagnosis(
                    model: model, calibration: calibration, options: options, progress: progress)
            else { throw error }
            throw diagnosis.refusal(depth: depth)
        }
    }

    /// Bounds as the options ask for, then the cheapest plan.
    static func plan(
        _ network: IntegerNetwork, calibration: SampleSet?, options: PlanningOptions,
        progress: (String) -> Void
    ) throws -> Plan {
        guard case .calibrated(let margin) = options.range else {
            try Plan.checkDepth(network)
            progress("bounding the outputs")
            let bounds = OutputBounds.certify(network)
            return try options.plan(
                network, outputBounds: bounds.outputs, boundMethod: bounds.methodSummary,
                rangeIsProven: true, progress: progress)
        }
        guard let calibration else {
            throw PlanRefusal(
                layer: nil, reason: "a calibrated range needs samples",
                advice: ["--calibration samples.npy", "--range certified, which needs none"])
        }
        progress("measuring the outputs")
        let bounds = try CalibratedBounds(network, samples: calibration, marginBits: margin)
        return try options.plan(
            network, outputBounds: bounds.outputs, boundMethod: bounds.method,
            rangeIsProven: false, progress: progress)
    }
}

extension QuantizationProgress.Stage {
    fileprivate var words: String {
        switch self {
        case .calibration: "calibrating"
        case .activations: "fitting polynomials"
        case .bits: "choosing bits"
        }
    }
}
