/// How samples lie in ciphertexts.
public enum DataLayout: String, Sendable, Hashable, CaseIterable {
    /// One sample in one ciphertext, or a few: a slot for each feature, and more than one where that saves rotations.
    case latency
    /// Many samples at once: a ciphertext for each feature, a slot for each sample. No rotations.
    case batch
}
