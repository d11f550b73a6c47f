import BFV
import BigIntegers
import NeuralNetwork

/// A sample's ciphertexts: one for each t_i, layout by layout of the plan.
public struct EncryptedSample: Sendable {
    package let ciphertexts: [Ciphertext]

    package init(ciphertexts: [Ciphertext]) { self.ciphertexts = ciphertexts }
}

/// The server's answer: compressed ciphertexts, one for each t_i.
public struct EncryptedReply: Sendable {
    package let ciphertexts: [CompressedCiphertext]

    package init(ciphertexts: [CompressedCiphertext]) { self.ciphertexts = ciphertexts }
}

/// A decrypted prediction.
public struct Prediction: Sendable, Equatable {
    /// The network's integer outputs, exact.
    public let logits: [BigInt]
    /// What the model shows: integer times scale, through the plan's transform.
    public let values: [Double]
    /// The index of the label that the plan's decision gives; 0 for a regression.
    public let index: Int
    public let label: String
    /// Whether the plan proves that the result can't have wrapped.
    public let isCertified: Bool
    /// The bits that noise had left, over all t_i; infinite under a scheme without noise. A fact about the secret key: not for the server.
    public let noiseMarginBits: Double
}

/// The one who owns the data and the secret key.
public struct Client: Sendable {
    public let plan: ClientPlan
    package let context: BFVContext
    private let secretKey: SecretKey
    private let encryptor: Encryptor
    private let decryptor: Decryptor

    /// A client with a fresh key.
    public init(plan: ClientPlan) throws {
        let context = try BFVContext(plan.parameters)
        try self.init(plan: plan, context: context, secretKey: SecretKey(context: context))
    }

    package init(plan: ClientPlan, context: BFVContext, secretKey: SecretKey) throws {
        guard context.parameters == plan.parameters,
            secretKey.context.parameters == plan.parameters.lattice
        else { throw InferenceError.wrongParameters }
        self.plan = plan
        self.context = context
        self.secretKey = secretKey
        encryptor = Encryptor(context: context, secretKey: secretKey)
        decryptor = Decryptor(context: context, secretKey: secretKey)
    }

    /// For writing it to a file. There is no other way to get at it.
    package var key: SecretKey { secretKey }

    /// The keys that the plan's server needs, and no others.
    /// - Parameter progress: called with (keys done, keys in all).
    public func makeEvaluationKeys(
        progress: (Int, Int) -> Void = { _, _ in }
    ) throws -> EvaluationKeys {
        try KeyGenerator(secretKey: secretKey).evaluationKeys(plan.keys, progress: progress)
    }

    /// Quantizes and encrypts one sample of `plan.input.count` reals.
    /// - Throws: `NetworkError` for a wrong count or a NaN.
    public func encrypt(_ sample: [Float]) throws -> EncryptedSample {
        try encrypt(quantized: plan.input.quantize(sample))
    }

    /// Encrypts quantized inputs, each in `plan.input.range`.
    public func encrypt(quantized input: [Int]) throws -> EncryptedSample {
        guard plan.layout == .latency else { throw InferenceError.wrongLayout(plan.layout) }
        try plan.input.check(quantized: input)
        let ciphertexts = plan.inputLayouts.flatMap { layout in
            let slots = layout.place(input.map(Int64.init))
            return plan.parameters.plaintextModuli.enumerated().map { index, t in
                encryptor.encrypt(
                    slots: slots.map { ModularArithmetic.reduce($0, modulo: t) },
                    plaintextIndex: index)
            }
        }
        return EncryptedSample(ciphertexts: ciphertexts)
    }

    /// Decrypts: sums each output's slots modulo each t_i, then joins them by CRT.
    /// - Throws: `InferenceError` where the reply has another shape than the plan's.
    public func decrypt(_ reply: EncryptedReply) throws -> Prediction {
        guard plan.layout == .latency else { throw InferenceError.wrongLayout(plan.layout) }
        let parameters = plan.parameters
        guard reply.ciphertexts.count == parameters.plaintextModuli.count else {
            throw InferenceError.wrongCount(
                "reply ciphertexts", expected: parameters.plaintextModuli.count,
                found: reply.ciphertexts.count)
        }
        var margin = Double.infinity
        var slots: [[UInt64]] = []
        for (index, ciphertext) in reply.ciphertexts.enumerated() {
            guard ciphertext.plaintextIndex == index,
                ciphertext.c0Bits == plan.replyC0Bits, ciphertext.c1Bits == plan.replyC1Bits
            else { throw InferenceError.unexpectedReply }
            let decrypted = try decryptor.decrypt(ciphertext)
            // Noise above the certified bound: not an answer to this key's request.
            guard decrypted.noiseMarginBits >= plan.certificate.noiseMarginBits[index] - 0x1p-20
            else { throw InferenceError.excessiveNoise }
            margin = min(margin, decrypted.noiseMarginBits)
            slots.append(decrypted.slots)
        }
        return plan.prediction(logits: plan.join(slots), noiseMarginBits: margin)
    }
}

extension ClientPlan {
    /// What the outputs mean.
    func prediction(logits: [BigInt], noiseMarginBits: Double) -> Prediction {
        reading.prediction(logits, noiseMarginBits: noiseMarginBits)
    }

    /// Outputs from the slots modulo each t_i: sums each output's slots, then joins the moduli by CRT; the one
    /// integer of the certified range with these residues.
    func join(_ slots: [[UInt64]]) -> [BigInt] {
        let residues = slots.enumerated().map { sums(of: $1, plaintextIndex: $0) }
        let decoder = OutputDecoder(self)
        return (0..<outputCount).map { output in
            decoder.integer(residues.map { $0[output] }, output: output)
        }
    }

    /// Modulo t_i, of each output's slots.
    private func sums(of slots: [UInt64], plaintextIndex: Int) -> [UInt64] {
        guard let outputLayout else { preconditionFailure("a plan of the batch layout") }
        let t = parameters.plaintextModuli[plaintextIndex]
        var sums = [UInt64](repeating: 0, count: outputCount)
        for (slot, output) in outputLayout.features.enumerated() where output != SlotLayout.empty {
            sums[Int(output)] = ModularArithmetic.add(sums[Int(output)], slots[slot], modulo: t)
        }
        return sums
    }
}

/// What doesn't fit the plan.
public enum InferenceError: Error, Equatable, CustomStringConvertible {
    case wrongParameters
    /// What the plan has.
    case wrongLayout(DataLayout)
    case wrongCount(String, expected: Int, found: Int)
    case unexpectedReply
    /// A fact about the secret key: never tell it to a server.
    case excessiveNoise
    /// The same.
    case outsideRange
    case unexpectedRequest(String)
    case missingKey(String)

    public var description: String {
        switch self {
        case .wrongParameters: return "the key was made for other parameters than the plan's"
        case .wrongLayout(let layout):
            return
                "the plan is of the \(layout.rawValue) layout: use \(layout == .batch ? "BatchClient and BatchServer" : "Client and Server")"
        case .wrongCount(let what, let expected, let found):
            return "\(found) \(what); the plan has \(expected)"
        case .unexpectedReply: return "the reply is not of the form that the plan states"
        case .excessiveNoise:
            return
                "the reply holds more noise than the plan allows: made with other keys, from another "
                + "client's request, or changed on the way; never tell the server of this"
        case .outsideRange:
            return
                "a decrypted output is outside the range that the plan proves: the reply was made with another key or "
                + "model, or changed on the way; never tell the server of this"
        case .unexpectedRequest(let why): return "the request is not of the plan's form: \(why)"
        case .missingKey(let which): return "the evaluation keys lack \(which) of the plan"
        }
    }
}
