import Inference
import Quantization

/// What may be decided about a model while it is planned.
public struct PlanningOptions: Sendable {
    /// Where the bounds of the outputs come from.
    public enum Range: Sendable, Equatable {
        /// A proof for every input in the box.
        case certified
        /// The largest outputs on the calibration samples, and so many bits more. Plan and predictions say that they are not certified.
        case calibrated(marginBits: Double)
    }

    public var quantization = QuantizationOptions()
    public var range = Range.certified
    public var planner = Planner()
    public var layout = Layout.latency

    /// How samples lie in ciphertexts.
    public enum Layout: Sendable, Equatable {
        case latency
        /// So many samples at once.
        case batch(samples: Int)
        /// Whichever takes less time for so many samples; latency for one.
        case cheapest(samples: Int)
    }

    public init() {}
}

/// Why a model has no plan: what stands in the way, and the nearest changes that would help.
public struct PlanRefusal: Error, Sendable, Equatable, CustomStringConvertible {
    /// The layer or node that is the first too much, where one is.
    public let layer: String?
    public let reason: String
    public let advice: [String]

    public var description: String {
        let place = layer.map { " at '\($0)'" } ?? ""
        let steps = advice.map { "\n  - \($0)" }.joined()
        return "this model can't be served\(place): \(reason)"
            + (steps.isEmpty ? "" : "\nWhat would work:\(steps)")
    }
}
