import BigIntegers
import IntegerNetworks

/// What integer outputs mean: the part of a client's plan that doesn't depend on a scheme.
public struct OutputReading: Sendable, Equatable {
    /// The range of each output.
    public let bounds: [ClosedRange<BigInt>]
    /// How they were found, in words.
    public let boundMethod: String
    /// Whether they hold for every input in the box.
    public let rangeIsProven: Bool
    /// Real value of one unit of an output.
    public let scale: Double
    /// A name for each class, or for each output of a regression.
    public let labels: [String]
    public let decision: Decision
    /// What the client applies to the outputs.
    public let transform: OutputTransform

    package init(
        bounds: [ClosedRange<BigInt>], boundMethod: String, rangeIsProven: Bool, scale: Double,
        labels: [String], decision: Decision, transform: OutputTransform
    ) {
        self.bounds = bounds
        self.boundMethod = boundMethod
        self.rangeIsProven = rangeIsProven
        self.scale = scale
        self.labels = labels
        self.decision = decision
        self.transform = transform
    }

    /// - Parameter noiseMarginBits: infinite for a scheme without noise.
    func prediction(_ logits: [BigInt], noiseMarginBits: Double = .infinity) -> Prediction {
        let index = decision.index(of: logits)
        return Prediction(
            logits: logits, values: transform.apply(logits.map { $0.doubleTowardZero * scale }),
            index: index, label: labels[index], isCertified: rangeIsProven,
            noiseMarginBits: noiseMarginBits)
    }
}

extension ClientPlan {
    public var reading: OutputReading {
        OutputReading(
            bounds: certificate.outputBounds, boundMethod: certificate.boundMethod,
            rangeIsProven: certificate.rangeIsProven, scale: outputScale, labels: labels,
            decision: decision, transform: transform)
    }
}
