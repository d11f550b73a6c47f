// SPDX-License-Identifier: Apache-2.0

/// The public keys that a server computes with. They hide s under the RLWE assumption with circular
/// security.
public struct EvaluationKeys: Sendable {
    package let relinearization: KeySwitchingKey?
    /// By Galois element k: a key from s to s(X^(1/k)), used before the automorphism is applied.
    package let galois: [Int: KeySwitchingKey]

    /// What replies are re-randomized with.
    package let rerandomization: RerandomizationKey?

    /// No keys: enough for sums, and products with plaintexts.
    public static let none = EvaluationKeys(relinearization: nil, galois: [:])

    package init(
        relinearization: KeySwitchingKey?, galois: [Int: KeySwitchingKey],
        rerandomization: RerandomizationKey? = nil
    ) {
        self.relinearization = relinearization
        self.galois = galois
        self.rerandomization = rerandomization
    }
}
