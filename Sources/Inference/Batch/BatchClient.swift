import BigIntegers
import NeuralNetwork
import RLWE
import Ring
import Threading

/// A group of samples, encrypted: a ciphertext for each feature, a slot for each sample.
public struct EncryptedBatch: Sendable {
    /// Samples in it; the other slots hold zeros.
    public let sampleCount: Int
    package let ciphertexts: SeededBatch

    package init(sampleCount: Int, ciphertexts: SeededBatch) {
        self.sampleCount = sampleCount
        self.ciphertexts = ciphertexts
    }
}

/// The server's answer to a group: a compressed ciphertext for each output and t_i.
public struct EncryptedBatchReply: Sendable {
    public let sampleCount: Int
    /// Those of t_0 first.
    package let ciphertexts: [CompressedCiphertext]

    package init(sampleCount: Int, ciphertexts: [CompressedCiphertext]) {
        self.sampleCount = sampleCount
        self.ciphertexts = ciphertexts
    }
}

/// The one who owns the data and the secret key, for plans of the batch layout.
public struct BatchClient: Sendable {
    public let plan: ClientPlan
    private let secretKey: SecretKey
    private let encryptor: Encryptor
    private let decryptor: Decryptor
    private let pool: WorkerPool

    /// A client with a fresh key.
    public init(plan: ClientPlan, threads: Int = 1) throws {
        try self.init(Client(plan: plan), threads: threads)
    }

    /// - Throws: `InferenceError.wrongLayout` for a plan of another layout.
    public init(_ client: Client, threads: Int = 1) throws {
        guard client.plan.layout == .batch else {
            throw InferenceError.wrongLayout(client.plan.layout)
        }
        plan = client.plan
        secretKey = client.key
        encryptor = Encryptor(secretKey: secretKey)
        decryptor = Decryptor(secretKey: secretKey)
        pool = WorkerPool(threads: threads)
    }

    /// The most samples in a group.
    public var capacity: Int { plan.samplesPerRequest }

    /// The relinearization key, or nothing where the plan needs none.
    public func makeEvaluationKeys() throws -> EvaluationKeys {
        try KeyGenerator(secretKey: secretKey).evaluationKeys(plan.keys) { _, _ in }
    }

    /// Quantizes and encrypts samples of `plan.input.count` reals each.
    /// - Throws: `NetworkError` for a wrong count or a NaN; `InferenceError` for none, or more than `capacity`.
    public func encrypt(_ samples: [[Float]]) throws -> EncryptedBatch {
        try encrypt(
            quantized: pool.map(samples.count) { try plan.input.quantize(samples[$0]) })
    }

    /// Encrypts quantized samples, each value in `plan.input.range`.
    /// - Parameter progress: called from several threads after each ciphertext.
    public func encrypt(
        quantized samples: [[Int]], progress: @Sendable () -> Void = {}
    ) throws -> EncryptedBatch {
        guard (1...capacity).contains(samples.count) else {
            throw InferenceError.wrongCount(
                "samples in a group", expected: capacity, found: samples.count)
        }
        let features = plan.input.count
        for sample in samples { try plan.input.check(quantized: sample) }
        let moduli = plan.parameters.plaintextModuli
        let batch = encryptor.encryptBatch(
            count: moduli.count * features, pool: pool, progress: progress
        ) { index in
            let (plaintextIndex, feature) = index.quotientAndRemainder(dividingBy: features)
            let t = moduli[plaintextIndex]
            var slots = [UInt64](repeating: 0, count: capacity)
            for (slot, sample) in samples.enumerated() {
                slots[slot] = ModularArithmetic.reduce(Int64(sample[feature]), modulo: t)
            }
            return (plaintextIndex, slots)
        }
        return EncryptedBatch(sampleCount: samples.count, ciphertexts: batch)
    }

    /// Decrypts a group's outputs.
    /// - Throws: `InferenceError` where the reply has another shape than the plan's, or too much noise.
    public func decrypt(_ reply: EncryptedBatchReply) throws -> BatchPredictions {
        let outputs = plan.outputCount
        let moduli = plan.parameters.plaintextModuli
        guard reply.ciphertexts.count == moduli.count * outputs else {
            throw InferenceError.wrongCount(
                "reply ciphertexts", expected: moduli.count * outputs,
                found: reply.ciphertexts.count)
        }
        guard (1...capacity).contains(reply.sampleCount) else {
            throw InferenceError.wrongCount(
                "samples in a reply", expected: capacity, found: reply.sampleCount)
        }
        let decrypted = try pool.map(reply.ciphertexts.count) { index in
            let ciphertext = reply.ciphertexts[index]
            guard ciphertext.plaintextIndex == index / outputs,
                ciphertext.c0Bits == plan.replyC0Bits, ciphertext.c1Bits == plan.replyC1Bits
            else { throw InferenceError.unexpectedReply }
            let slots = try decryptor.decrypt(ciphertext)
            // Noise above the certified bound: not an answer to this key's request.
            let certified = plan.certificate.noiseMarginBits[index / outputs]
            guard slots.noiseMarginBits >= certified - 0x1p-20 else {
                throw InferenceError.excessiveNoise
            }
            return slots
        }
        let predictions = BatchPredictions(
            plan: plan, count: reply.sampleCount,
            slots: moduli.indices.map { channel in
                decrypted[channel * outputs..<(channel + 1) * outputs].map(\.slots)
            }, noiseMarginBits: decrypted.map(\.noiseMarginBits).min()!)
        // Of a proven range, so that what is marked as certified is.
        if plan.certificate.rangeIsProven, !predictions.areInRange {
            throw InferenceError.outsideRange
        }
        return predictions
    }
}

/// The predictions of a group, joined when they are asked for.
public struct BatchPredictions: RandomAccessCollection, Sendable {
    public let plan: ClientPlan
    /// The bits that noise had left, over all ciphertexts. A fact about the secret key: not for the server.
    public let noiseMarginBits: Double
    public let count: Int
    /// Of each t_i and output, a residue for each slot.
    private let slots: [[[UInt64]]]
    private let decoder: OutputDecoder

    init(
        plan: ClientPlan, count: Int, slots: [[[UInt64]]], noiseMarginBits: Double
    ) {
        self.plan = plan
        self.count = count
        self.slots = slots
        self.noiseMarginBits = noiseMarginBits
        decoder = OutputDecoder(plan)
    }

    public var startIndex: Int { 0 }
    public var endIndex: Int { count }

    public subscript(sample: Int) -> Prediction {
        plan.prediction(logits: logits(of: sample), noiseMarginBits: noiseMarginBits)
    }

    /// The integer outputs of a sample, exact.
    public func logits(of sample: Int) -> [BigInt] {
        precondition(indices.contains(sample))
        return plan.certificate.outputBounds.indices.map { output in
            decoder.integer(slots.map { $0[output][sample] }, output: output)
        }
    }

    /// Whether every output lies in its range. Residues are read as the one integer above the range's lowest.
    fileprivate var areInRange: Bool {
        let bounds = plan.certificate.outputBounds
        if decoder.isSmall {
            let highest = bounds.map { Int64(exactly: $0.upperBound)! }
            return indices.allSatisfy { sample in
                highest.indices.allSatisfy {
                    decoder.smallInteger(slots[0][$0][sample], output: $0) <= highest[$0]
                }
            }
        }
        return indices.allSatisfy { sample in
            zip(logits(of: sample), bounds).allSatisfy { $0 <= $1.upperBound }
        }
    }

    /// The same where all outputs fit a machine word; nil otherwise.
    public func smallLogits(of sample: Int) -> [Int64]? {
        precondition(indices.contains(sample))
        guard decoder.isSmall else { return nil }
        return plan.certificate.outputBounds.indices.map { output in
            decoder.smallInteger(slots[0][output][sample], output: output)
        }
    }
}
