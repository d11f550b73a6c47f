/// Evaluates an ONNX graph in Float32, with the operators as ONNX defines them: what any other runtime computes, up to the
/// order of its sums. Scales a channel are understood here, though the integer network refuses them.
public struct FloatReference: Sendable {
    let inputSlot: Int
    let outputSlot: Int
    let slotsCount: Int
    let steps: [FloatStep]
    let inputCount: Int
    public let outputCount: Int

    /// Resolves shapes and folds constants: once for many samples.
    ///
    /// - Throws: `ONNXError` naming the node that cannot be evaluated.
    public init(_ model: ONNXModel) throws(ONNXError) {
        var builder = FloatReferenceBuilder(model.graph)
        self = try builder.build()
    }

    init(
        inputSlot: Int, outputSlot: Int, slotsCount: Int, steps: [FloatStep], inputCount: Int,
        outputCount: Int
    ) {
        self.inputSlot = inputSlot
        self.outputSlot = outputSlot
        self.slotsCount = slotsCount
        self.steps = steps
        self.inputCount = inputCount
        self.outputCount = outputCount
    }

    /// The model's real outputs for one sample.
    ///
    /// - Parameter sample: as many reals as a sample has, row-major.
    /// - Throws: `NetworkError.wrongCount`.
    public func logits(_ sample: [Float]) throws(NetworkError) -> [Float] {
        guard sample.count == inputCount else {
            throw .wrongCount(of: "the sample", expected: inputCount, found: sample.count)
        }
        var slots = [[Float]](repeating: [], count: slotsCount)
        slots[inputSlot] = sample
        for step in steps {
            slots[step.output] = step.operation.apply(slots[step.input])
        }
        return slots[outputSlot]
    }
}

/// One operation on the values of a slot.
struct FloatStep: Sendable {
    let operation: FloatOperation
    let input: Int
    let output: Int
}
