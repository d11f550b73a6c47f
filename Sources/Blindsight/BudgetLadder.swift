// SPDX-License-Identifier: Apache-2.0

import Inference
import IntegerNetworks
import Quantization
import Samples

/// Plans the network that quantization thinks best; where parameters can't carry it, ever smaller ranges; where none
/// can, says why.
struct BudgetLadder {
    /// Bits of the outputs' range from one attempt to the next.
    private static let step = 8.0

    struct Found {
        let plan: Plan
        let report: QuantizationReport
        private(set) var notes: [String]

        mutating func addNotes(_ earlier: [String]) { notes = earlier + notes }
    }

    let quantizer: Quantizer
    /// Makes one with other options; nil where no fewer bits are to be tried.
    let coarser: ((QuantizationOptions) throws -> Quantizer)?
    /// Throws for a network that isn't worth a plan: asked of the first, since those of smaller ranges are no nearer.
    var check: (QuantizedModel) throws -> Void = { _ in }

    func plan(
        calibration: SampleSet, options: PlanningOptions, progress: (String) throws -> Void
    ) throws -> Found {
        var notes: [String] = []
        var candidate = try quantizer.quantize()
        try check(candidate)
        var bits = candidate.report.rangeBits
        while true {
            let failure: PlanError
            do {
                let plan = try PlannedModel.plan(
                    candidate.network, program: quantizer.program, calibration: calibration,
                    options: options,
                    progress: progress)
                return Found(plan: plan, report: candidate.report, notes: notes)
            } catch let error as PlanError {
                // Fewer bits don't help.
                if error.isUnsuited { throw error }
                failure = error
            }
            // Falls in each round, whatever comes of it.
            bits = min(bits, candidate.report.rangeBits)
            notes.append("outputs of \(Self.text(bits)) bits were given up: \(failure)")
            try progress("trying fewer bits")
            do {
                candidate = try quantizer.quantize(rangeBudget: bits - Self.step)
            } catch {
                guard case .budgetTooSmall(let smallest, _) = error else { throw error }
                let coarse = try coarse(calibration, options, progress)
                // Bits that were asked for are kept; others are told of where they work.
                if var found = coarse, quantizer.options.bits == QuantizationOptions().bits {
                    found.addNotes(
                        notes + ["bits from \(quantizer.options.bits.lowerBound) on were given up"])
                    return found
                }
                throw refusal(
                    candidate.network, failure, smallest: smallest, fewerBits: coarse != nil)
            }
            bits -= Self.step
        }
    }

    /// The same of tables in place of activations: where parameters can't carry them, tables of fewer values.
    func planTables(
        calibration: SampleSet, options: PlanningOptions, progress: (String) throws -> Void
    ) throws -> Found {
        var notes: [String] = []
        var candidate = try quantizer.quantize()
        while true {
            try check(candidate)
            let longest = candidate.network.longestTable
            do {
                let plan = try PlannedModel.plan(
                    candidate.network, program: quantizer.program, calibration: calibration,
                    options: options, progress: progress)
                return Found(plan: plan, report: candidate.report, notes: notes)
            } catch let error as PlanError {
                if error.isUnsuited { throw error }
                notes.append("tables of up to \(longest) values were given up: \(error)")
                let fewer = QuantizationOptions.Activations.valuesTried.last { $0 < longest }
                guard let coarser, let fewer else {
                    throw PlanRefusal(
                        problem: error.description,
                        remedies: [.fewerActivations(max(1, candidate.network.tableCount - 1))])
                }
                try progress("trying tables of \(fewer) values")
                var options = quantizer.options
                options.activations = .tables(values: fewer)
                candidate = try coarser(options).quantize()
            }
        }
    }

    /// A plan with bits fewer than the options allow, where there is one.
    private func coarse(
        _ calibration: SampleSet, _ options: PlanningOptions, _ progress: (String) throws -> Void
    ) throws -> Found? {
        guard let coarser, let fewer = quantizer.options.fewest(atMost: Self.coarsestBits) else {
            return nil
        }
        try progress("trying \(fewer.bits.lowerBound) to \(fewer.bits.upperBound) bits")
        do {
            return try BudgetLadder(quantizer: try coarser(fewer), coarser: nil).plan(
                calibration: calibration, options: options, progress: progress)
        } catch {
            // Whatever else it is, such as an end by the caller, is passed on.
            guard error is QuantizationError || error is PlanError || error is PlanRefusal else {
                throw error
            }
            return nil
        }
    }

    /// The most bits that are tried where the usual ones have no plan.
    private static let coarsestBits = 4

    private func refusal(
        _ network: IntegerNetwork, _ error: PlanError, smallest: Double, fewerBits: Bool
    ) -> PlanRefusal {
        var remedies: [PlanRefusal.Remedy] = []
        if network.depth > 1 {
            remedies += [.fewerActivations(network.depth - 1), .lowestDegree]
        }
        if let widest = network.widestLayer, widest.count > 1 << 12 {
            remedies.append(.smallerLayer(widest.summary, count: widest.count))
        }
        if fewerBits, let fewer = quantizer.options.fewest(atMost: Self.coarsestBits) {
            remedies.append(.fewerBits(fewer.bits, smallestRange: smallest))
        }
        remedies.append(.calibratedRange(marginBits: 4))
        return PlanRefusal(problem: error.description, remedies: remedies)
    }

    private static func text(_ bits: Double) -> String { "\((bits * 10).rounded() / 10)" }
}

extension IntegerNetwork {
    /// Values of the longest run.
    fileprivate var longestTable: Int {
        layers.reduce(1) { if case .table(let tables) = $1 { max($0, tables.longest) } else { $0 } }
    }

    fileprivate var tableCount: Int { layers.count { $0.isTable } }

    /// The operation with the most outputs.
    fileprivate var widestLayer: (count: Int, summary: String)? {
        layers.max { $0.outputCount < $1.outputCount }.map { ($0.outputCount, $0.summary) }
    }
}
