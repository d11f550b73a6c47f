// SPDX-License-Identifier: Apache-2.0

import Files
import Inference
import InferenceClient
import IntegerNetworks
import ONNXModels
import Quantization
import Samples
import TensorGraphs

/// A plan, and how its network came about.
package struct PlannedModel: Sendable {
    package let plan: Plan
    /// What quantization did; nil where the model states its integers itself and was taken as it is.
    package let quantization: QuantizationReport?
    /// What was tried and had to be given up, in words.
    package let notes: [String]
    /// What the integers are good for; nil where the model states them itself.
    package let judgement: PlanJudgement?

    /// Plans a model. One whose QuantizeLinear and DequantizeLinear state every integer is taken as it is, exactly; any
    /// other is quantized, which takes calibration samples.
    ///
    /// - Parameters:
    ///   - model: the ONNX file's bytes.
    ///   - calibration: a few hundred samples as the model takes them.
    ///   - labels: of each calibration sample, for accuracies in the report.
    ///   - progress: a line on what is being done; an error that it throws ends the planning.
    /// - Throws: `ONNXError` or `QuantizationError` naming the node that cannot be taken, `PlanRefusal`, `PlanError`
    ///   where the integers that a model states have no parameters, or `NetworkError` for samples that don't fit.
    package init(
        model bytes: [UInt8], calibration: SampleSet? = nil, labels: [Int]? = nil,
        options: PlanningOptions = PlanningOptions(),
        progress: @escaping @Sendable (String) throws -> Void = { _ in }
    ) throws {
        try self.init(
            ImportedModel(bytes, options: options), calibration: calibration, labels: labels,
            options: options, progress: progress)
    }

    /// - Parameter model: read with the same options.
    package init(
        _ imported: ImportedModel, calibration: SampleSet?, labels: [Int]?,
        options: PlanningOptions,
        progress: @escaping @Sendable (String) throws -> Void = { _ in }
    ) throws {
        var split: InputSplit
        var notes: [String] = []
        switch imported.kind {
        case .integers(let network):
            do {
                plan = try Self.plan(
                    network, calibration: calibration, options: options, progress: progress
                ).with(model: imported.bytes)
            } catch let error as PlanError where network.hasTables && options.activations == .auto {
                self = try Self.withPolynomials(
                    imported, tablesFailed: error, calibration: calibration, labels: labels,
                    options: options, progress: progress)
                return
            }
            quantization = nil
            self.notes = []
            judgement = nil
            return
        case .float(let found, let graph):
            split = found
            if options.trees == .grid, let calibration {
                let moved = try TreeGrid(bins: options.treeBins).moved(graph, samples: calibration)
                guard !moved.change.isUseless || options.acceptsAnyError else {
                    throw PlanRefusal(
                        problem: "on a grid its trees say something else: \(moved.note)",
                        remedies: [
                            .knownTrees(.thresholds), .knownTrees(.structure), .anyError,
                        ])
                }
                split = try InputSplit(moved.graph)
                notes.append(moved.note)
            }
        }
        var options = options
        if split.hasTrees { options.quantization = options.quantization.ofLeaves }
        if options.activations == .table {
            options.quantization = options.quantization.ofTables
            if let why = imported.whyInexact {
                // Without samples there is nothing but what it states.
                guard calibration != nil else { throw why }
                notes.append(
                    "its own integers are not kept, but quantized anew to fewer bits: \(why)")
            }
        }
        let calibration = try calibration.map { try Self.prepared($0, by: split.program) }
        let (quantizer, samples): (Quantizer, SampleSet)
        do {
            (quantizer, samples) = try Self.quantizer(
                imported.model, split.graph, calibration: calibration, labels: labels,
                options: options, progress: progress)
        } catch let error as QuantizationError {
            throw imported.refusal(error)
        }
        let coarser = { (fewer: QuantizationOptions) throws -> Quantizer in
            try Quantizer(graph: split.graph, calibration: samples, labels: labels, options: fewer)
        }
        func judge(
            _ report: QuantizationReport, _ input: InputSpecification
        ) throws -> PlanJudgement {
            let judgement = PlanJudgement(report, input: input, calibration: samples)
            guard judgement.verdict != .useless || options.acceptsAnyError else {
                throw PlanRefusal(
                    problem: "its integers would be of little use: "
                        + judgement.findings.joined(separator: "; "),
                    remedies: judgement.remedies)
            }
            return judgement
        }
        let ladder = BudgetLadder(
            quantizer: quantizer, coarser: coarser,
            check: { _ = try judge($0.report, $0.network.input) })
        let found =
            try quantizer.options.activations.areTables
            ? ladder.planTables(calibration: samples, options: options, progress: progress)
            : ladder.plan(calibration: samples, options: options, progress: progress)
        plan = try found.plan.with(prefix: split.program).with(model: imported.bytes)
        quantization = found.report.with(clients: split.clients)
        judgement = try judge(found.report, found.plan.network.input)
        let (asked, used) = (options.quantization.bits, quantizer.options.bits)
        self.notes =
            notes
            + (asked == used
                ? []
                : [
                    "\(asked.lowerBound) bits and more give integers beyond 62 bits; \(used.lowerBound) to \(used.upperBound) were used"
                ]) + found.notes
    }

    /// Of a model whose tables have no plan.
    private static func withPolynomials(
        _ imported: ImportedModel, tablesFailed error: PlanError, calibration: SampleSet?,
        labels: [Int]?, options: PlanningOptions,
        progress: @escaping @Sendable (String) throws -> Void
    ) throws -> PlannedModel {
        guard let calibration else {
            throw PlanRefusal(
                problem:
                    "its activations as tables, which would be exact, have no plan (\(error)); as polynomials they "
                    + "need samples",
                remedies: [.calibrationSamples])
        }
        var options = options
        options.activations = .polynomial
        let planned = try PlannedModel(
            ImportedModel(imported.bytes, options: options), calibration: calibration,
            labels: labels, options: options, progress: progress)
        return PlannedModel(
            plan: planned.plan, quantization: planned.quantization,
            notes: ["activations as tables, which would be exact, have no plan: \(error)"]
                + planned.notes, judgement: planned.judgement)
    }

    private init(
        plan: Plan, quantization: QuantizationReport?, notes: [String], judgement: PlanJudgement?
    ) {
        self.plan = plan
        self.quantization = quantization
        self.notes = notes
        self.judgement = judgement
    }

    /// Samples as the client encrypts them.
    private static func prepared(
        _ samples: SampleSet, by program: InputProgram?
    ) throws(QuantizationError) -> SampleSet {
        guard let program else { return samples }
        guard samples.sampleCount == program.inputCount else {
            throw .invalidSamples(
                "\(samples.sampleCount) values each; the model takes \(program.inputCount)")
        }
        var prepared: [[Float]] = []
        for index in 0..<samples.count {
            do throws(ProgramError) {
                prepared.append(try program.evaluate(samples.sample(at: index)))
            } catch {
                throw .invalidSamples("sample \(index) has \(error)")
            }
        }
        return SampleSet(prepared, sampleShape: [prepared.first?.count ?? 0])
    }

    /// For a float model, with the samples.
    /// - Throws: `PlanRefusal` without samples, and what else a model is refused for.
    private static func quantizer(
        _ model: ONNXModel, _ graph: TensorGraph, calibration: SampleSet?, labels: [Int]?,
        options: PlanningOptions, progress: @escaping @Sendable (String) throws -> Void
    ) throws -> (Quantizer, SampleSet) {
        guard let calibration else {
            // What can't be imported at all is told first.
            _ = try RealReference(model)
            throw PlanRefusal(
                problem:
                    "it has weights or activations in floating point, and nothing tells their ranges",
                remedies: [.calibrationSamples])
        }
        do {
            let quantizer = try Quantizer(
                graph: graph, calibration: calibration, labels: labels,
                options: options.quantization
            ) { try? progress("\($0.stage.words), \(Int(100 * $0.share)) %") }
            return (quantizer, calibration)
        } catch QuantizationError.ambiguousOutputs(let name) {
            throw PlanRefusal(
                place: name,
                problem:
                    "its elements may be scores of classes or quantities: nothing in the model says which, and they vary by very different amounts",
                remedies: [.statedOutputs])
        } catch let error as QuantizationError {
            guard case .tooDeep(let depth, _) = error, options.activations != .table,
                let diagnosis = try DepthDiagnosis(
                    graph: graph, calibration: calibration, options: options, progress: progress)
            else { throw error }
            throw diagnosis.refusal(depth: depth)
        }
    }

    /// Bounds as the options ask for, then the cheapest plan.
    static func plan(
        _ network: IntegerNetwork, program: OutputProgram? = nil, calibration: SampleSet?,
        options: PlanningOptions,
        progress: (String) throws -> Void
    ) throws -> Plan {
        var planner = options.planner
        planner.functionPrivacyBits = options.functionPrivacyBits
        guard case .calibrated(let margin) = options.range else {
            return try planner.plan(
                network, program: program, method: options.method, within: options.within,
                progress: progress)
        }
        guard !network.hasTables else {
            throw PlanRefusal(
                problem:
                    "its activations are tables, of ranges that are proven: a calibrated range is of no use",
                remedies: [.certifiedRange])
        }
        guard let calibration else {
            throw PlanRefusal(
                problem: "a calibrated range needs samples",
                remedies: [.calibrationSamples, .certifiedRange])
        }
        try progress("measuring the outputs")
        let bounds = try CalibratedBounds(network, samples: calibration, marginBits: margin)
        return try planner.plan(
            network,
            outputs: OutputReading(
                network, bounds: bounds.outputs, boundMethod: bounds.method,
                rangeIsProven: false, program: program), method: options.method,
            within: options.within,
            progress: progress)
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
