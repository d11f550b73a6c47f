import Dispatch
import RLWE
import Synchronization

/// The one who owns the model. Holds evaluation keys only; nothing here can decrypt.
public final class Server: Sendable {
    public let plan: Plan
    private let context: RLWEContext
    private let channels: [Channel]
    private let counter = OperationCounter()

    private struct Channel: Sendable {
        let slots: EncryptedSlots
        let program: Program<EncryptedSlots>
    }

    /// Encodes the weights for every t_i, in parallel.
    /// - Throws: `InferenceError.missingKey` where the keys are not those of the plan.
    public init(plan: Plan, evaluationKeys: EvaluationKeys, threads: Int = 1) throws {
        self.plan = plan
        let context = try RLWEContext(plan.choices.parameters)
        self.context = context
        try Self.check(evaluationKeys, plan.choices)
        let evaluator = Evaluator(context: context, keys: evaluationKeys, counter: counter)
        let choices = plan.choices
        let circuit = plan.circuit
        channels = try parallelMap(choices.parameters.plaintextModuli.count, threads: threads) {
            let slots = EncryptedSlots(evaluator: evaluator, plaintextIndex: $0)
            return Channel(
                slots: slots,
                program: try Program(
                    circuit, levels: choices.levels,
                    maximumLevel: choices.parameters.maximumLevel, on: slots))
        }
    }

    /// Exact counts of everything done so far.
    public var operations: OperationCounts { counter.value }

    /// Evaluates the network on a sample.
    ///
    /// - Parameters:
    ///   - threads: how many t_i are worked on at once.
    ///   - progress: called with (steps done, steps in all), from any thread.
    /// - Throws: `InferenceError.unexpectedRequest` where the sample is not of the plan's form.
    public func predict(
        _ sample: EncryptedSample, threads: Int = 1,
        progress: @Sendable (Int, Int) -> Void = { _, _ in }
    ) throws -> EncryptedReply {
        try check(sample)
        let done = Mutex(0)
        let count = channels.count
        let replies = try parallelMap(count, threads: threads) { index in
            let channel = channels[index]
            let result = try channel.program.run(
                sample.ciphertexts[index], on: channel.slots
            ) { _, steps in
                progress(
                    done.withLock {
                        $0 += 1
                        return $0
                    }, steps * count)
            }
            return try channel.slots.compress(
                result, c0Bits: plan.choices.replyC0Bits, c1Bits: plan.choices.replyC1Bits)
        }
        return EncryptedReply(ciphertexts: replies)
    }

    private func check(_ sample: EncryptedSample) throws {
        let parameters = plan.choices.parameters
        guard sample.ciphertexts.count == channels.count else {
            throw InferenceError.unexpectedRequest(
                "\(sample.ciphertexts.count) ciphertexts instead of \(channels.count)")
        }
        for (index, ciphertext) in sample.ciphertexts.enumerated() {
            guard ciphertext.plaintextIndex == index,
                ciphertext.level == parameters.maximumLevel,
                ciphertext.basis.moduli == parameters.ciphertextModuli,
                ciphertext.polynomials.count == 2
            else { throw InferenceError.unexpectedRequest("ciphertext \(index)") }
        }
    }

    private static func check(_ keys: EvaluationKeys, _ choices: PlanChoices) throws {
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

extension EncryptedSlots {
    func compress(_ value: Ciphertext, c0Bits: Int, c1Bits: Int) throws -> CompressedCiphertext {
        try evaluator.compress(value, c0Bits: c0Bits, c1Bits: c1Bits)
    }
}

/// body(0), ..., body(count - 1) on at most `threads` threads; the first error is thrown.
func parallelMap<Result: Sendable>(
    _ count: Int, threads: Int, _ body: @Sendable (Int) throws -> Result
) throws -> [Result] {
    if threads <= 1 || count <= 1 { return try (0..<count).map(body) }
    let next = Mutex(0)
    let results = Mutex([Int: Swift.Result<Result, any Error>]())
    DispatchQueue.concurrentPerform(iterations: min(threads, count)) { _ in
        while true {
            let index = next.withLock {
                $0 += 1
                return $0 - 1
            }
            guard index < count else { return }
            let result = Swift.Result { try body(index) }
            results.withLock { $0[index] = result }
        }
    }
    let all = results.withLock { $0 }
    return try (0..<count).map { try all[$0]!.get() }
}
