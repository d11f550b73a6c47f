import Inference
import NeuralNetwork

extension Plan {
    /// The cheapest certified plan of a quantized ONNX model. `PlannedModel` takes float models too.
    ///
    /// - Parameters:
    ///   - model: the ONNX file's bytes.
    ///   - planner: ring degrees to try and the security level, at least 128 bits.
    ///   - progress: a line on what is being done.
    /// - Throws: `ONNXError` naming the node that cannot be taken, or `PlanError`.
    public init(
        model: [UInt8], planner: Planner = Planner(), progress: (String) -> Void = { _ in }
    ) throws {
        self = try planner.plan(ONNXModel.load(model).integerNetwork(), progress: progress)
    }

    /// The cheapest certified plan of a quantized ONNX model, read from a file.
    ///
    /// - Throws: `FileError`, and what `init(model:planner:progress:)` throws.
    public init(modelAt path: String, planner: Planner = Planner()) throws {
        self = try planner.plan(ONNXModel.load(path: path).integerNetwork())
    }
}
