import BFV

/// The one who owns the model. Holds evaluation keys only; nothing here can decrypt.
public final class Server: Sendable {
    public let plan: Plan
    private let slots: EncryptedSlots
    private let program: Program<EncryptedSlots>
    private let counter = OperationCounter()

    /// Encodes the weights for every t_i.
    /// - Parameter threads: how many threads one prediction may use. Several predictions may run at once; then one each
    ///   serves best.
    /// - Throws: `InferenceError.missingKey` where the keys are not those of the plan.
    public init(plan: Plan, evaluationKeys: EvaluationKeys, threads: Int = 1) throws {
        guard plan.choices.layout == .latency else {
            throw InferenceError.wrongLayout(plan.choices.layout)
        }
        self.plan = plan
        let context = try BFVContext(plan.choices.parameters)
        try Self.check(evaluationKeys, plan.choices)
        slots = EncryptedSlots(
            evaluator: Evaluator(
                context: context, keys: evaluationKeys, counter: counter, threads: threads))
        program = try Program(
            plan.circuit, levels: plan.choices.levels,
            maximumLevel: plan.choices.parameters.maximumLevel, on: slots)
    }

    /// Exact counts of everything done so far.
    public var operations: OperationCounts { counter.value }

    /// Evaluates the network on a sample.
    ///
    /// - Parameter progress: called with (steps done, steps in all).
    /// - Throws: `InferenceError.unexpectedRequest` where the sample is not of the plan's form.
    public func predict(
        _ sample: EncryptedSample, progress: (Int, Int) -> Void = { _, _ in }
    ) throws -> EncryptedReply {
        try check(sample)
        let count = plan.choices.parameters.plaintextModuli.count
        let inputs = stride(from: 0, to: sample.ciphertexts.count, by: count).map {
            Array(sample.ciphertexts[$0..<$0 + count])
        }
        let result = try program.run(inputs, on: slots, progress: progress)
        return EncryptedReply(
            ciphertexts: try slots.compress(
                result, c0Bits: plan.choices.replyC0Bits, c1Bits: plan.choices.replyC1Bits))
    }

    private func check(_ sample: EncryptedSample) throws {
        let parameters = plan.choices.parameters
        let count = parameters.plaintextModuli.count
        let expected = count * plan.circuit.inputLayouts.count
        guard sample.ciphertexts.count == expected else {
            throw InferenceError.unexpectedRequest(
                "\(sample.ciphertexts.count) ciphertexts instead of \(expected)")
        }
        for (index, ciphertext) in sample.ciphertexts.enumerated() {
            guard ciphertext.plaintextIndex == index % count,
                ciphertext.level == parameters.maximumLevel,
                ciphertext.basis.moduli == parameters.ciphertextModuli,
                ciphertext.polynomials.count == 2
            else { throw InferenceError.unexpectedRequest("ciphertext \(index)") }
        }
    }

    static func check(_ keys: EvaluationKeys, _ choices: PlanChoices) throws {
        if let gadget = choices.keys.relinearization {
            guard keys.relinearization?.gadget == gadget else {
                throw InferenceError.missingKey("the relinearization key")
            }
        }
        let degree = choices.parameters.degree
        for (permutation, gadget) in choices.keys.rotations {
            let element = permutation.galoisElement(degree: degree)
            guard keys.galois[element]?.gadget == gadget else {
                throw InferenceError.missingKey("Galois key \(element)")
            }
        }
    }
}
