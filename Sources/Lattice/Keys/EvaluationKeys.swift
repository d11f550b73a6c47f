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
