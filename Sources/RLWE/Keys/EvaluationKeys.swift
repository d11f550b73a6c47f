/// Which keys a computation needs: nothing is generated beyond it.
public struct EvaluationKeySpecification: Sendable, Hashable {
    /// The gadget of the relinearization key, if there are multiplications.
    public let relinearization: Gadget?
    /// The gadget of each slot permutation's Galois key.
    public let rotations: [SlotPermutation: Gadget]

    public init(relinearization: Gadget?, rotations: [SlotPermutation: Gadget]) {
        self.relinearization = relinearization
        self.rotations = rotations
    }
}

/// The public keys that a server computes with. They hide s under the RLWE assumption with circular
/// security.
public struct EvaluationKeys: Sendable {
    public let relinearization: KeySwitchingKey?
    /// By Galois element k: a key from s to s(X^(1/k)), used before the automorphism is applied.
    public let galois: [Int: KeySwitchingKey]

    public init(relinearization: KeySwitchingKey?, galois: [Int: KeySwitchingKey]) {
        self.relinearization = relinearization
        self.galois = galois
    }
}

/// What an evaluator was asked to do without the key for it.
public enum EvaluationError: Error, Equatable, CustomStringConvertible {
    case missingRelinearizationKey
    case missingGaloisKey(SlotPermutation)
    case keyCoversLevel(Int, needed: Int)
    case level(Int, maximum: Int)
    case mismatch(String)

    public var description: String {
        switch self {
        case .missingRelinearizationKey:
            return "the evaluation keys hold no relinearization key; multiplications need one"
        case .missingGaloisKey(let p):
            return "the evaluation keys hold no Galois key for rotation \(p.rotation)"
                + (p.swapsRows ? " with row swap" : "")
        case .keyCoversLevel(let has, let needed):
            return "a key for level \(has) cannot serve a ciphertext at level \(needed)"
        case .level(let level, let maximum):
            return "level \(level) is outside 1...\(maximum)"
        case .mismatch(let what):
            return "the operands don't belong together: \(what)"
        }
    }
}
