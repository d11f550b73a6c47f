// SPDX-License-Identifier: Apache-2.0

import BigIntegers

/// A decrypted prediction.
public struct Prediction: Sendable, Equatable {
    /// The network's integer outputs, exact.
    public let logits: [BigInt]
    /// What the model shows: its scores, from integers times scale.
    public let values: [Double]
    /// The place of the label among the plan's; 0 for a regression. A label that is a number has it here.
    public let index: Int
    /// What the model calls the predicted class; its number where it has no names.
    public let label: String
    /// Whether the plan proves that the result can't have wrapped.
    public let isCertified: Bool
    /// The bits that noise had left, over all ciphertexts of the sample's group; infinite under a method without noise.
    /// A fact about the secret key: for the client's own checks, not for the server.
    package let noiseMarginBits: Double
    /// All that the model puts out, by its names; none where scores and a label are all.
    package let outputs: [NamedOutput]

    package init(
        logits: [BigInt], values: [Double], index: Int, label: String, isCertified: Bool,
        noiseMarginBits: Double, outputs: [NamedOutput] = []
    ) {
        self.outputs = outputs
        self.logits = logits
        self.values = values
        self.index = index
        self.label = label
        self.isCertified = isCertified
        self.noiseMarginBits = noiseMarginBits
    }
}
