import Inference
import IntegerNetworks
import ONNXModels

extension Plan {
    /// The cheapest certified plan of a quantized ONNX model. `PlannedModel` takes float models too.
    ///
    /// - Parameters:
    ///   - model: the ONNX file's bytes.
    ///   - layout: for one sample at a time by default; `.batch(samples:)` for `BatchClient` and `BatchServer`.
    ///   - planner: ring degrees to try and the security level, at least 128 bits.
    ///   - progress: a line on what is being done.
    /// - Throws: `ONNXError` naming the node that cannot be taken, or `PlanError`.
    public init(
        model: [UInt8], layout: PlanningOptions.Layout = .latency, planner: Planner = Planner(),
        progress: (String) -> Void = { _ in }
    ) throws {
        try self.init(
            ONNXModel.load(model).integerNetwork(), layout: layout, planner: planner,
            progress: progress)
    }

    /// The cheapest certified plan of a quantized ONNX model, read from a file.
    ///
    /// - Throws: `FileError`, and what `init(model:layout:planner:progress:)` throws.
    public init(
        modelAt path: String, layout: PlanningOptions.Layout = .latency,
        planner: Planner = Planner()
    ) throws {
        try self.init(
            ONNXModel.load(path: path).integerNetwork(), layout: layout, planner: planner)
    }

    private init(
        _ network: IntegerNetwork, layout: PlanningOptions.Layout, planner: Planner,
        progress: (String) -> Void = { _ in }
    ) throws {
        var options = PlanningOptions()
        options.layout = layout
        options.planner = planner
        self = try PlannedModel.plan(
            network, calibration: nil, options: options, progress: progress)
    }
}
