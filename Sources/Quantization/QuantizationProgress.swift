/// How far a quantization is.
public struct QuantizationProgress: Sendable, Equatable {
    public enum Stage: String, Sendable {
        case calibration
        case activations
        case bits
    }

    public let stage: Stage
    /// Of the stage, 0...1.
    public let share: Double
}
