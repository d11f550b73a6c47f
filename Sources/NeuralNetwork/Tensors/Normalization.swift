/// What ai.onnx.ml's Normalizer divides a row by.
package enum Normalization: String, Sendable, Hashable {
    /// The sum of the magnitudes.
    case l1 = "L1"
    case l2 = "L2"
    /// The largest element, not the largest magnitude.
    case max = "MAX"
}
