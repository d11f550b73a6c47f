import RLWE
import Threading

/// The one who owns the model, for plans of the batch layout. Holds a relinearization key only; nothing here can decrypt.
public final class BatchServer: Sendable {
    public let plan: Plan
    private let features: EncryptedFeatures
    private let program: Program<EncryptedFeatures>
    private let counter = OperationCounter()

    /// - Parameter threads: how many threads one group of samples may use.
    /// - Throws: `InferenceError.missingKey` where the keys are not those of the plan; `InferenceError.wrongLayout`.
    public init(plan: Plan, evaluationKeys: EvaluationKeys, threads: Int = 1) throws {
        guard plan.choices.layout == .batch else {
            throw InferenceError.wrongLayout(plan.choices.layout)
        }
        try Server.check(evaluationKeys, plan.choices)
        self.plan = plan
        features = EncryptedFeatures(
            evaluator: Evaluator(
                context: try RLWEContext(plan.choices.parameters), keys: evaluationKeys,
                counter: counter),
            pool: WorkerPool(threads: threads))
        program = try Program(
            plan.circuit, levels: plan.choices.levels,
            maximumLevel: plan.choices.parameters.maximumLevel, on: features)
    }

    /// Exact counts of everything done so far.
    public var operations: OperationCounts { counter.value }

    /// Evaluates the network on a group of samples.
    ///
    /// - Parameter progress: called with (steps done, steps in all).
    /// - Throws: `InferenceError.unexpectedRequest` where the group is not of the plan's form.
    public func predict(
        _ batch: EncryptedBatch, progress: (Int, Int) -> Void = { _, _ in }
    ) throws -> EncryptedBatchReply {
        let parameters = plan.choices.parameters
        let expected = parameters.plaintextModuli.count * plan.network.inputCount
        guard batch.ciphertexts.context.parameters == parameters,
            batch.ciphertexts.count == expected
        else {
            throw InferenceError.unexpectedRequest(
                "\(batch.ciphertexts.count) ciphertexts instead of \(expected), or of another ring")
        }
        let result = try program.run(
            [features.value(of: batch.ciphertexts)], on: features, progress: progress)
        return EncryptedBatchReply(
            sampleCount: batch.sampleCount,
            ciphertexts: try features.compress(
                result, c0Bits: plan.choices.replyC0Bits, c1Bits: plan.choices.replyC1Bits))
    }
}
