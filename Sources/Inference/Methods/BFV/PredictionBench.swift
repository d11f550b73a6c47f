// SPDX-License-Identifier: Apache-2.0

import InferenceClient
import IntegerNetworks

/// Whole predictions of small networks, to be timed: what operations take that no linear map or square on slots has.
package struct PredictionBench {
    /// The median of a prediction.
    package let seconds: Double
    private let plan: Plan
    private let count: Int

    /// - Parameter widths: of dense layers, with a square between each two.
    package init(_ widths: [Int], method: MethodName, samples: Int) throws {
        let network = try Self.network(widths)
        plan = try Planner().plan(network, method: MethodChoice(method, samples: samples))
        let client = try Client(plan.client, threads: 1)
        let server = try Server(plan, keys: client.evaluationKeys(), threads: 1)
        count = min(samples, plan.client.samplesPerGroup)
        let request = try client.encrypt(
            quantized: (0..<count).map { network.example(from: $0) })
        let clock = ContinuousClock()
        _ = try server.predict(request)
        let times = try (0..<Self.repetitions).map { _ in
            try clock.measure { _ = try server.predict(request) }
        }.sorted()
        seconds = Double(times[times.count / 2].components.attoseconds) * 1e-18
    }

    private static let repetitions = 9

    package func estimate(_ speed: MachineSpeed) -> Double {
        plan.seconds(samples: count, speed: speed)
    }

    private static func network(_ widths: [Int]) throws -> IntegerNetwork {
        var layers: [IntegerNetwork.Layer] = []
        for (inputs, outputs) in zip(widths, widths.dropFirst()) {
            if !layers.isEmpty { layers.append(.square(count: inputs)) }
            layers.append(
                .dense(
                    try Dense(
                        weights: (0..<inputs * outputs).map { Int64($0 * 7919 % 7) - 3 },
                        bias: [Int64](repeating: 0, count: outputs), inputs: inputs,
                        outputs: outputs)))
        }
        return try IntegerNetwork(
            input: InputSpecification(shape: [widths[0]], range: 0...7, scale: 1), layers: layers,
            outputScale: 1, labels: IntegerNetwork.defaultLabels(widths[widths.count - 1]))
    }
}

extension MachineSpeed {
    /// With these costs so many times as high, all alike, that a prediction takes what was measured.
    package mutating func scale(
        _ costs: [WritableKeyPath<MachineSpeed, Double>], to bench: PredictionBench
    ) {
        var without = self
        for cost in costs { without[keyPath: cost] = 0 }
        let rest = bench.estimate(without)
        let part = bench.estimate(self) - rest
        guard part > 0 else { return }
        let factor = max((bench.seconds - rest) / part, Self.least)
        for cost in costs { self[keyPath: cost] *= factor }
    }

    /// Below it a measurement was disturbed.
    private static let least = 0.1
}
