// SPDX-License-Identifier: Apache-2.0

import Inference
import InferenceClient
import Testing

/// Costs that are fitted to a prediction: its estimate is then what it took, whatever that was.
@Suite struct MachineSpeedTests {
    @Test func costsAreFittedToPredictions() throws {
        for (widths, method, costs) in [
            ([16, 4], .slots, [\MachineSpeed.drawnResidue]),
            ([16, 4], .features, [\.expandedResidue, \.smallResidue]),
            ([16, 4, 3], .features, [\.tensorResidue]),
        ] as [([Int], MethodName, [WritableKeyPath<MachineSpeed, Double>])] {
            let bench = try PredictionBench(widths, method: method, samples: 64)
            // All else costs nothing, so that there is something to explain.
            var speed = MachineSpeed(
                forwardButterfly: 0, inverseButterfly: 0, keyResidue: 0, plaintextResidue: 0,
                overhead: 1)
            for cost in [
                \MachineSpeed.joinResidue, \.smallResidue, \.tensorResidue, \.expandedResidue,
                \.drawnResidue,
            ] { speed[keyPath: cost] = costs.contains(cost) ? 1e-6 : 0 }
            speed.scale(costs, to: bench)
            #expect(abs(bench.estimate(speed) / bench.seconds - 1) < 1e-9)
            // What the prediction doesn't have stays.
            let fitted = speed
            speed.scale([\.floodedResidue], to: bench)
            #expect(speed == fitted)
        }
    }
}
