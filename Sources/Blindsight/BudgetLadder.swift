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
        let notes: [String]
    }

    let quantizer: Quantizer

    func plan(
        calibration: SampleSet, options: PlanningOptions, progress: (String) throws -> Void
    ) throws -> Found {
        var notes: [String] = []
        var candidate = try quantizer.quantize()
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
            candidate = try smaller(than: bits, candidate.network, failure)
            bits -= Self.step
        }
    }

    private func smaller(
        than bits: Double, _ network: IntegerNetwork, _ failure: PlanError
    ) throws -> QuantizedModel {
        do {
            return try quantizer.quantize(rangeBudget: bits - Self.step)
        } catch {
            guard case .budgetTooSmall(let smallest, _) = error else { throw error }
            throw refusal(network, failure, smallest: smallest)
        }
    }

    private func refusal(
        _ network: IntegerNetwork, _ error: PlanError, smallest: Double
    ) -> PlanRefusal {
        var remedies: [PlanRefusal.Remedy] = []
        if network.depth > 1 {
            remedies += [.fewerActivations(network.depth - 1), .lowestDegree]
        }
        if let widest = network.widestLayer, widest.count > 1 << 12 {
            remedies.append(.smallerLayer(widest.summary, count: widest.count))
        }
        let bits = quantizer.options.bits
        remedies.append(
            .fewerBits(
                max(2, bits.lowerBound - 1)...bits.upperBound, smallestRange: smallest))
        remedies.append(.calibratedRange(marginBits: 4))
        return PlanRefusal(problem: error.description, remedies: remedies)
    }

    private static func text(_ bits: Double) -> String { "\((bits * 10).rounded() / 10)" }
}

extension IntegerNetwork {
    /// The operation with the most outputs.
    fileprivate var widestLayer: (count: Int, summary: String)? {
        layers.max { $0.outputCount < $1.outputCount }.map { ($0.outputCount, $0.summary) }
    }
}
