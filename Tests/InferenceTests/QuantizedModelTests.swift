// SPDX-License-Identifier: Apache-2.0

import BigIntegers
import Inference
import InferenceClient
import IntegerNetworks
import Quantization
import TestSupport
import Testing

/// Float graphs over all operators that are lowered, quantized and encrypted: encrypted = clear slots = integer
/// reference, and near the float model.
@Suite struct QuantizedModelTests {
    static let planner = Planner.insecure(degrees: [64, 128, 256, 512, 1024])

    /// Graphs whose integers fit no small ring are left out; most must be left.
    @Test func randomGraphs() throws {
        var served = 0
        for seed in 0..<60 as Range<UInt64> {
            let model = RandomTensorGraph.make(seed: seed)
            var options = QuantizationOptions()
            options.bits = 3...4
            options.degrees = 2...3
            guard let network = quantized(model, options, seed: seed) else { continue }
            guard let plan = try? Self.planner.plan(network, method: .slots) else { continue }
            served += 1
            let pair = try Pair(plan)
            for sample in model.samples.prefix(2) {
                let input = try network.input.quantize(sample)
                let expected = try IntegerReference.logits(network, input: input)
                #expect(
                    try plan.slots.clearLogits(of: [input], outputs: plan.client.outputs)
                        == [expected], "seed \(seed)")
                let prediction = try pair.predictions(pair.client.quantize([sample]))[0]
                #expect(prediction.logits == expected, "seed \(seed)")
                #expect(prediction.index == network.decision.index(of: expected), "seed \(seed)")
            }
        }
        #expect(served >= 40, "\(served) of 60 random graphs were served")
    }

    /// nil where only the size of integers stands in the way, which is no defect.
    private func quantized(
        _ model: RandomTensorGraph.Model, _ options: QuantizationOptions, seed: UInt64
    ) -> IntegerNetwork? {
        let result: Result<IntegerNetwork, any Error> = Result {
            try Quantizer(
                graph: model.graph, calibration: model.calibration, options: options
            ).quantize().network
        }
        if case .success(let network) = result { return network }
        guard case .failure(let error) = result, let refusal = error as? QuantizationError,
            refusal.isOfSize
        else {
            Issue.record("seed \(seed): \(result)")
            return nil
        }
        return nil
    }
}

extension QuantizationError {
    fileprivate var isOfSize: Bool {
        switch self {
        case .tooDeep, .outOfRange, .budgetTooSmall, .tooLarge: true
        default: false
        }
    }
}
