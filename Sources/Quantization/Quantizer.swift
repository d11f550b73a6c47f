// SPDX-License-Identifier: Apache-2.0

import IntegerNetworks
import ONNXModels
import Samples
import TensorGraphs

/// Turns a float model into an integer network without training: composes what is linear, puts polynomials in place of
/// activations, and chooses integers by what they change on calibration samples.
package struct Quantizer: Sendable {
    package private(set) var options: QuantizationOptions
    /// The model with polynomials for activations, in floating point.
    package var polynomialNetwork: PolynomialNetwork { PolynomialNetwork(selection.network) }

    /// What the client makes of the outputs, where the network's decision and transform don't say all of it.
    package var program: OutputProgram? { float.program }

    let float: RealNetwork
    let selection: PolynomialSelection.Candidate
    /// What the float network computes on the samples measured on.
    let floatValues: [SampleMatrix]
    /// What the model computes, with the quantizations of its own.
    let reference: SampleMatrix
    let labels: [Int]?
    /// Of the model.
    let outputNames: [String]
    private var search: BitSearch
    /// Allocations of bits that were measured, those that gave no network included, and how many may be.
    package var measures: (count: Int, limit: Int) {
        (search.measured.count + search.failures.count, search.limit)
    }
    private let progress: @Sendable (QuantizationProgress) -> Void

    /// Evaluates the model on the samples, fits polynomials and measures the frontier of resolutions: the expensive
    /// part.
    ///
    /// - Parameters:
    ///   - calibration: samples as the model takes them; a few hundred serve.
    ///   - labels: of each sample, for accuracies in the report.
    /// - Throws: `ONNXError` or `QuantizationError`.
    package init(
        _ model: ONNXModel, calibration: SampleSet, labels: [Int]? = nil,
        options: QuantizationOptions = QuantizationOptions(),
        progress: @escaping @Sendable (QuantizationProgress) -> Void = { _ in }
    ) throws {
        try self.init(
            graph: try model.tensorGraph(), calibration: calibration, labels: labels,
            options: options, progress: progress)
    }

    package init(
        graph: TensorGraph, calibration: SampleSet, labels: [Int]? = nil,
        options: QuantizationOptions = QuantizationOptions(),
        progress: @escaping @Sendable (QuantizationProgress) -> Void = { _ in }
    ) throws(QuantizationError) {
        try options.check()
        let ending = try ModelEnding(graph)
        var float = try RealNetworkBuilder.build(graph, saturation: .neverBinds)
        let all = try Self.prepare(calibration, labels: labels, network: float)
        let used = Self.indices(all.count, network: float, options: options)
        let trace = try QuantizedTrace(
            ending.graph, output: ending.tail.value,
            samples: used.map { calibration.sample(at: $0) })
        if let trace { float = try RealNetworkBuilder.build(graph, saturation: trace.saturation) }
        guard float.depth <= options.depthLimit else {
            throw .tooDeep(depth: float.depth, limit: options.depthLimit)
        }
        // Without activations there is nothing for tables.
        var options = options
        if !float.nodes.contains(where: \.isActivation) { options.activations = .polynomials }
        // Sums of fine codes are too long for tables, but for coarse weights.
        if options.activations.areTables, float.fixedInput?.range.count ?? 0 > Self.mostFixedCodes {
            float.fixedInput = nil
        }
        let elements = float.nodes.reduce(float.inputCount) { $0 + $1.count }
        guard elements <= IntegerNetwork.maximumElements else {
            throw .tooLarge(
                node: float.nodes[0].name,
                reason: "\(elements) elements in all values of the network")
        }
        let samples = used.map { all[$0] }
        self.options = options
        outputNames = graph.outputNames
        self.float = float
        self.progress = progress
        self.labels = labels.map { labels in used.map { labels[$0] } }
        progress(QuantizationProgress(stage: .calibration, share: 0))
        let batch = SampleMatrix(samples, count: float.inputCount)
        floatValues = float.evaluate(batch)
        reference = trace?.outputs ?? floatValues[float.output]
        guard reference.values.allSatisfy(\.isFinite) else {
            throw .invalidSamples("the model's outputs for them are not finite")
        }
        guard reference.varies || !batch.varies else {
            throw .unsupported(
                node: ending.graph.values[ending.tail.value].name, operator: "output",
                reason: "it is the same for all \(reference.samples) samples",
                advice:
                    "check that weights are not zero (were they loaded before the export?) and that samples differ; a constant needs no encryption"
            )
        }
        if ending.tail.isGuessed, float.decision == .largest, !reference.areAlike {
            throw .ambiguousOutputs(ending.graph.values[ending.tail.value].name)
        }
        let inputs = InputQuantizer(float, samples: all)
        // In proportion to what was given; a whole search of a layer of 2^24 weights would take hours.
        let given = graph.budget.stored + calibration.count * float.inputCount
        let work = min(1 << 37, 1 << 27 + given << 18)
        let (network, outputs) = (float, reference)
        func explore(
            _ options: QuantizationOptions
        ) throws(QuantizationError) -> (PolynomialSelection.Candidate, BitSearch) {
            try Self.explore(
                network, batch, outputs, inputs: inputs, samples: samples, options: options,
                work: work, progress: progress)
        }
        do {
            (selection, search) = try explore(options)
        } catch {
            guard case .outOfRange(let node, let reason) = error,
                let fewer = options.fewest(atMost: Self.fewestBits)
            else { throw error }
            let found: (PolynomialSelection.Candidate, BitSearch)
            do {
                found = try explore(fewer)
            } catch {
                throw .outOfRange(
                    node: node,
                    reason:
                        "\(reason), even with \(fewer.bits.lowerBound) bits; a lower degree or fewer activations one after another would do"
                )
            }
            guard options.bits == QuantizationOptions().bits else {
                throw .outOfRange(
                    node: node,
                    reason:
                        "\(reason) with \(options.bits.lowerBound) bits or more; \(fewer.bits.lowerBound) to \(fewer.bits.upperBound) bits would do"
                )
            }
            self.options = fewer
            (selection, search) = found
        }
    }

    /// Codes of an input that a model states, up to which tables keep them.
    private static let mostFixedCodes = 32

    /// Where the usual bits give integers beyond what is computed with: the most that are tried instead.
    static let fewestBits = 4

    /// Fits polynomials and measures integer networks of them. Where integers of high degrees are too coarse or too
    /// large, lower degrees are tried, and what comes nearest to the model is taken.
    private static func explore(
        _ float: RealNetwork, _ batch: SampleMatrix, _ reference: SampleMatrix,
        inputs: InputQuantizer,
        samples: [[Float]], options: QuantizationOptions, work: Int,
        progress: (QuantizationProgress) -> Void
    ) throws(QuantizationError) -> (PolynomialSelection.Candidate, BitSearch) {
        if case .tables(let values) = options.activations {
            return try exploreTables(
                float, batch, reference, inputs: inputs, samples: samples, options: options,
                values: values.map { [$0] } ?? QuantizationOptions.Activations.valuesTried,
                work: work, progress: progress)
        }
        var options = options
        var best: (selection: PolynomialSelection.Candidate, search: BitSearch, error: Double)?
        while true {
            progress(QuantizationProgress(stage: .activations, share: 0))
            let selection = try PolynomialSelection(
                network: float, options: options, samples: batch, reference: reference
            ).select()
            let depth = selection.network.depth
            guard depth <= options.depthLimit else {
                throw .tooDeep(depth: depth, limit: options.depthLimit)
            }
            progress(QuantizationProgress(stage: .bits, share: 0))
            var search = BitSearch(
                network: selection.network, inputs: inputs, samples: samples,
                reference: selection.values, options: options, polynomial: selection.fidelity,
                work: work)
            var failure: QuantizationError?
            do throws(QuantizationError) {
                try search.explore { progress(QuantizationProgress(stage: .bits, share: $0)) }
                let (polynomial, integer) = (
                    selection.fidelity.relativeError, search.leastError(budget: options.rangeBudget)
                )
                let error = (polynomial * polynomial + integer * integer).squareRoot()
                if error < best?.error ?? .infinity { best = (selection, search, error) }
                if best == nil { best = (selection, search, .infinity) }
            } catch {
                failure = error
            }
            let degree = selection.sites.map(\.polynomials.degree).max() ?? 0
            let canLower =
                degree > max(2, options.degrees.lowerBound) && options.forcedDegrees.isEmpty
            let isGood =
                failure == nil && search.hasTolerable(budget: options.rangeBudget)
            if isGood || !canLower {
                if let best { return (best.selection, best.search) }
                throw failure ?? .invalidNetwork("nothing was found")
            }
            options.degrees = options.degrees.lowerBound...degree - 1
        }
    }

    /// Measures integer networks with tables in place of activations: of the shortest runs that keep the outputs near, or
    /// of those that come nearest.
    private static func exploreTables(
        _ float: RealNetwork, _ batch: SampleMatrix, _ reference: SampleMatrix,
        inputs: InputQuantizer, samples: [[Float]], options: QuantizationOptions, values: [Int],
        work: Int, progress: (QuantizationProgress) -> Void
    ) throws(QuantizationError) -> (PolynomialSelection.Candidate, BitSearch) {
        let all = float.evaluate(batch)
        let own = Fidelity(
            all[float.output], against: reference, decision: float.decision, labels: nil)
        let selection = PolynomialSelection.Candidate(
            network: float, sites: [], values: all, fidelity: own, choices: [])
        var best: (search: BitSearch, error: Double)?
        var failure: QuantizationError?
        for (place, count) in values.enumerated() {
            var tried = options
            tried.activations = .tables(values: count)
            var search = BitSearch(
                network: float, inputs: inputs, samples: samples, reference: all, options: tried,
                polynomial: own, work: work)
            do throws(QuantizationError) {
                try search.explore {
                    progress(
                        QuantizationProgress(
                            stage: .bits, share: (Double(place) + $0) / Double(values.count)))
                }
                let error = search.leastError(budget: options.rangeBudget)
                if error < best?.error ?? .infinity { best = (search, error) }
                if search.hasTolerable(budget: options.rangeBudget) { return (selection, search) }
            } catch {
                failure = error
            }
        }
        guard let best else { throw failure ?? .invalidNetwork("nothing was found") }
        return (selection, best.search)
    }

    /// The network of the smallest range within the tolerances, or the nearest one within `options.rangeBudget`.
    ///
    /// - Throws: `QuantizationError`.
    package func quantize() throws(QuantizationError) -> QuantizedModel {
        try quantize(budget: options.rangeBudget)
    }

    /// The nearest network whose outputs need no more bits; of those within the tolerances the one that needs fewest.
    ///
    /// - Parameter rangeBudget: log2 of the outputs' range by interval arithmetic.
    /// - Throws: `QuantizationError.budgetTooSmall` and others.
    package func quantize(rangeBudget: Double) throws(QuantizationError) -> QuantizedModel {
        try quantize(budget: rangeBudget)
    }

    private func quantize(budget: Double?) throws(QuantizationError) -> QuantizedModel {
        var search = search
        let best = try search.best(budget: budget)
        let (assembly, output) = try search.assemble(best.allocation)
        let network = try assembly.build(output)
        progress(QuantizationProgress(stage: .bits, share: 1))
        return QuantizedModel(
            network: network,
            report: report(
                assembly, output, network: network, best: best, frontier: search.frontier))
    }

    // MARK: Samples

    private static func prepare(
        _ set: SampleSet, labels: [Int]?, network: RealNetwork
    ) throws(QuantizationError) -> [[Float]] {
        guard set.count > 0 else { throw .invalidSamples("there are none") }
        guard set.sampleCount == network.inputCount else {
            throw .invalidSamples(
                "\(set.sampleCount) values each; the model takes \(network.inputCount)")
        }
        if let labels {
            guard labels.count == set.count else {
                throw .invalidSamples("\(labels.count) labels for \(set.count) samples")
            }
        }
        var samples: [[Float]] = []
        // Ranges need no more than this many values.
        let limit = max(1, min(set.count, (1 << 26) / network.inputCount))
        for index in 0..<set.count where index < limit || labels != nil {
            let sample = set.sample(at: index)
            guard sample.allSatisfy(\.isFinite) else {
                throw .invalidSamples("sample \(index) has a value that is not finite")
            }
            samples.append(network.prepare(sample))
        }
        return samples
    }

    /// Evenly spread samples to measure on: as many as fit into memory.
    private static func indices(
        _ count: Int, network: RealNetwork, options: QuantizationOptions
    ) -> [Int] {
        let elements = network.nodes.reduce(network.inputCount) { $0 + $1.count }
        let used = min(
            count, options.samples, max(4, (1 << 25) / max(1, elements)),
            max(32, (1 << 31) / max(1, network.entriesCount)))
        return (0..<used).map { $0 * count / used }
    }
}
