// SPDX-License-Identifier: Apache-2.0

/// What a client does to a whole sample before it is quantized: divides it by a norm (ai.onnx.ml Normalizer). A norm of
/// zero divides by 1.
package enum Normalization: String, Sendable, Hashable, CaseIterable {
    case l1 = "L1"
    case l2 = "L2"
    case max = "MAX"

    /// The sample divided by its norm.
    package func apply(_ sample: [Float]) -> [Float] {
        let norm: Float
        switch self {
        case .l1: norm = sample.reduce(0) { $0 + abs($1) }
        case .l2: norm = sample.reduce(0) { $0 + $1 * $1 }.squareRoot()
        // As onnxruntime: the largest value, not the largest magnitude.
        case .max: norm = sample.max() ?? 0
        }
        return norm == 0 ? sample : sample.map { $0 / norm }
    }
}
