import BigIntegers
import Inference
import IntegerNetworks
import Quantization
import Samples

/// Plans the network that quantization thinks best; where parameters can't carry it, ever smaller ranges; where none can, says why.
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
        calibration: SampleSet, options: PlanningOptions, progress: (String) -> Void
    ) throws -> Found {
        var notes: [String] = []
        var candidate = try quantizer.quantize()
        var bits = candidate.report.rangeBits
        while true {
            let failure: PlanError
            do {
                let plan = try PlannedModel.plan(
                    candidate.network, calibration: calibration, options: options,
                    progress: progress)
                return Found(plan: plan, report: candidate.report, notes: notes)
            } catch let error as PlanError {
                failure = error
            }
            // Falls in each round, whatever comes of it.
            bits = min(bits, candidate.report.rangeBits)
            notes.append("outputs of \(Self.text(bits)) bits were given up: \(failure)")
            progress("trying fewer bits")
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
        let depth = network.depth
        var advice: [String] = []
        if depth > 1 {
            advice.append(
                "fewer activations one after another (now \(depth) products in a row), or --degrees 2..2: each product doubles the bits of the outputs"
            )
        }
        if let widest = network.widestLayer, widest.count > 1 << 12 {
            advice.append("smaller layers: '\(widest.summary)' has \(widest.count) values")
        }
        advice.append(
            "fewer bits (--bits \(max(2, quantizer.options.bits.lowerBound - 1))..\(quantizer.options.bits.upperBound)); the smallest range that was found has \(Self.text(smallest)) bits"
        )
        advice.append(
            "--range calibrated --margin-bits 4, if outputs beyond those seen may go wrong")
        return PlanRefusal(layer: nil, reason: error.description, advice: advice)
    }

    private static func text(_ bits: Double) -> String { "\((bits * 10).rounded() / 10)" }
}

extension IntegerNetwork {
    /// The operation with the most outputs.
    fileprivate var widestLayer: (count: Int, summary: String)? {
        layers.max { $0.outputCount < $1.outputCount }.map { ($0.outputCount, $0.summary) }
    }
}
