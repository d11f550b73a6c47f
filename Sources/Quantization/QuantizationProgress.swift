// SPDX-License-Identifier: Apache-2.0

/// How far a quantization is.
package struct QuantizationProgress: Sendable, Equatable {
    package enum Stage: String, Sendable {
        case calibration
        case activations
        case bits
    }

    package let stage: Stage
    /// Of the stage, 0...1.
    package let share: Double
}
