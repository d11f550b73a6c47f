// SPDX-License-Identifier: Apache-2.0

import Files
import Inference
import InferenceClient
import IntegerNetworks
import ONNXModels
import Samples
import Threading

extension Plan {
    /// The cheapest certified plan of a model, read from an ONNX file.
    ///
    /// - Parameters:
    ///   - path: of the ONNX file.
    ///   - calibration: a few hundred samples as the model takes them; not needed where the model states its integers.
    ///   - progress: a line on what is being done; an error that it throws ends the planning.
    /// - Throws: `FileError`; `PlanRefusal` where no plan is found; other errors for what is no model, with the node's
    ///   name.
    public init(
        model path: String, calibration: SampleSet? = nil, labels: [Int]? = nil,
        options: PlanningOptions = PlanningOptions(),
        progress: @escaping @Sendable (String) throws -> Void = { _ in }
    ) throws {
        self = try PlannedModel(
            model: ONNXModel.bytes(path: path),
            calibration: calibration, labels: labels, options: options, progress: progress
        ).plan
    }

    /// The same on a thread of its own, for programs that must not block a task's thread. It ends early when the task
    /// is cancelled.
    public init(
        model path: String, calibration: SampleSet? = nil, labels: [Int]? = nil,
        options: PlanningOptions = PlanningOptions(),
        progress: @escaping @Sendable (String) throws -> Void = { _ in }
    ) async throws {
        self = try await Blocking.run {
            try Plan(
                model: path, calibration: calibration, labels: labels, options: options,
                progress: { (line: String) throws -> Void in
                    try Cancellation.check()
                    try progress(line)
                })
        }
    }
}

extension Plan {
    /// What a server with this plan would answer, without any encryption: bit-equal to the encrypted run, at the speed
    /// of clear text.
    ///
    /// - Parameters:
    ///   - samples: as many reals each as the model takes.
    ///   - progress: called with (samples done, samples in all); an error that it throws ends the call.
    /// - Throws: as `Client.encrypt`.
    public func simulate(
        _ samples: [[Float]], progress: (Int, Int) throws -> Void = { _, _ in }
    ) throws -> Predictions {
        try simulate(samples, outside: .refuse, progress: progress)
    }

    /// - Parameter outside: what becomes of values outside the plan's range.
    package func simulate(
        _ samples: [[Float]], outside: OutsideValues,
        progress: (Int, Int) throws -> Void = { _, _ in }
    ) throws -> Predictions {
        let clear = try Plan(
            network, outputs: client.outputs, method: ClearPlan(network, like: client),
            prefix: client.prefix)
        let client = try Client(clear.client)
        let server = try Server(clear, keys: client.evaluationKeys())
        let request = try client.encrypt(quantized: client.quantize(samples, outside: outside))
        return try client.decrypt(server.predict(request, progress: progress), of: request)
    }
}
