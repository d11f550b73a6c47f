import BigIntegers
import NeuralNetwork
import Paillier
import Ring
import Threading

/// Samples under a client's Paillier key: for each group of samples a ciphertext a feature.
public struct LinearRequest: Sendable {
    public let sampleCount: Int
    /// Groups in turn, features within.
    package let ciphertexts: EncryptedVector

    package init(sampleCount: Int, ciphertexts: EncryptedVector) {
        self.sampleCount = sampleCount
        self.ciphertexts = ciphertexts
    }
}

/// The server's answer: for each group a ciphertext an output, re-randomized.
public struct LinearReply: Sendable {
    public let sampleCount: Int
    package let ciphertexts: EncryptedVector

    package init(sampleCount: Int, ciphertexts: EncryptedVector) {
        self.sampleCount = sampleCount
        self.ciphertexts = ciphertexts
    }
}

/// The one who owns the data and the secret key, for linear networks under Paillier.
public final class LinearClient: Sendable {
    public let plan: LinearClientPlan
    package let secretKey: PaillierSecretKey
    private let packing: PackingLayout
    private let encryptor: PaillierOwnerEncryptor
    private let decryptor: PaillierDecryptor
    private let pool: WorkerPool

    /// A client with a fresh key: takes about a second.
    public convenience init(plan: LinearClientPlan, threads: Int = 1) throws {
        try self.init(
            plan: plan, secretKey: PaillierSecretKey.generate(size: plan.keySize),
            threads: threads)
    }

    package init(plan: LinearClientPlan, secretKey: PaillierSecretKey, threads: Int = 1) throws {
        guard secretKey.publicKey.size == plan.keySize else {
            throw InferenceError.wrongParameters
        }
        self.plan = plan
        self.secretKey = secretKey
        packing = try plan.packing(secretKey.publicKey)
        encryptor = PaillierOwnerEncryptor(secretKey: secretKey, threads: threads)
        decryptor = PaillierDecryptor(secretKey: secretKey, threads: threads)
        pool = WorkerPool(threads: threads)
    }

    /// What the server needs: a few hundred bytes.
    public var publicKey: PaillierPublicKey { secretKey.publicKey }

    /// Quantizes and encrypts samples of `plan.input.count` reals each.
    /// - Throws: `NetworkError` for a wrong count or a NaN.
    public func encrypt(_ samples: [[Float]]) throws -> LinearRequest {
        try encrypt(quantized: pool.map(samples.count) { try plan.input.quantize(samples[$0]) })
    }

    /// Encrypts quantized samples, one or more, each value in `plan.input.range`.
    public func encrypt(quantized samples: [[Int]]) throws -> LinearRequest {
        guard !samples.isEmpty else {
            throw InferenceError.wrongCount("samples", expected: 1, found: 0)
        }
        for sample in samples { try plan.input.check(quantized: sample) }
        let size = packing.count
        var plaintexts: [BigInt] = []
        for start in stride(from: 0, to: samples.count, by: size) {
            let group = samples[start..<min(start + size, samples.count)]
            for feature in 0..<plan.input.count {
                plaintexts.append(try packing.pack(group.map { BigInt($0[feature]) }))
            }
        }
        return LinearRequest(
            sampleCount: samples.count, ciphertexts: try encryptor.encrypt(plaintexts))
    }

    /// - Throws: `InferenceError` where the reply has another shape than the plan's, or outputs outside its range; `PaillierError`.
    public func decrypt(_ reply: LinearReply) throws -> [Prediction] {
        let outputs = plan.outputCount
        let expected = plan.groups(of: reply.sampleCount) * outputs
        guard reply.sampleCount > 0, reply.ciphertexts.count == expected else {
            throw InferenceError.wrongCount(
                "reply ciphertexts", expected: expected, found: reply.ciphertexts.count)
        }
        let slots = try decryptor.decrypt(reply.ciphertexts).map(packing.unpack)
        return try (0..<reply.sampleCount).map { sample in
            let (group, slot) = sample.quotientAndRemainder(dividingBy: packing.count)
            let logits = (0..<outputs).map { slots[group * outputs + $0][slot] }
            // There is no noise, but a reply that another key or a wrong server made is all over the place.
            guard zip(logits, plan.reading.bounds).allSatisfy({ $1.contains($0) }) else {
                throw InferenceError.outsideRange
            }
            return plan.reading.prediction(logits)
        }
    }
}

/// The one who owns a linear model. Holds the client's public key; nothing here can decrypt.
public final class LinearServer: Sendable {
    public let plan: LinearPlan
    public let publicKey: PaillierPublicKey
    private let matrix: PaillierMatrix
    private let evaluator: PaillierEvaluator

    /// - Throws: `InferenceError.wrongParameters` for a key of another size.
    public init(plan: LinearPlan, publicKey: PaillierPublicKey, threads: Int = 1) throws {
        guard publicKey.size == plan.client.keySize else { throw InferenceError.wrongParameters }
        self.plan = plan
        self.publicKey = publicKey
        let range = plan.network.input.range
        matrix = try PaillierMatrix(
            rows: plan.form.rows, biases: plan.form.biases,
            packing: plan.client.packing(publicKey),
            inputMagnitude: BigInt(max(range.lowerBound.magnitude, range.upperBound.magnitude)),
            publicKey: publicKey)
        evaluator = PaillierEvaluator(publicKey: publicKey, threads: threads)
    }

    /// Evaluates the network on all samples of a request. What leaves is re-randomized.
    /// - Throws: `InferenceError.unexpectedRequest` where the request is not of the plan's form.
    public func predict(_ request: LinearRequest) throws -> LinearReply {
        let features = plan.network.inputCount
        let groups = plan.client.groups(of: request.sampleCount)
        guard request.sampleCount > 0, request.ciphertexts.count == groups * features else {
            throw InferenceError.unexpectedRequest(
                "\(request.ciphertexts.count) ciphertexts for \(request.sampleCount) samples")
        }
        let vectors = (0..<groups).map {
            request.ciphertexts.selecting(Array($0 * features..<($0 + 1) * features))
        }
        return LinearReply(
            sampleCount: request.sampleCount,
            ciphertexts: try EncryptedVector.joining(evaluator.multiply(matrix, vectors)))
    }
}
