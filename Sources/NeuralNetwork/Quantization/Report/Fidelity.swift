/// How near a network comes to the float model on the calibration samples.
public struct Fidelity: Sendable, Equatable {
    /// Share of samples whose decision is the label; nil without labels, and for regressions.
    public let accuracy: Double?
    /// Share of samples with the float model's decision; 1 for regressions.
    public let agreement: Double
    /// Root of the mean square difference of the outputs from the float model's, by the deviation of those.
    public let relativeError: Double

    init(accuracy: Double?, agreement: Double, relativeError: Double) {
        self.accuracy = accuracy
        self.agreement = agreement
        self.relativeError = relativeError
    }

    /// Of outputs against other ones.
    init(_ outputs: Batch, against reference: Batch, decision: Decision, labels: [Int]?) {
        let found = Self.decisions(outputs, decision)
        let expected = Self.decisions(reference, decision)
        let samples = max(1, outputs.samples)
        agreement =
            decision == .regression
            ? 1 : Double(zip(found, expected).count { $0 == $1 }) / Double(samples)
        if let labels, decision != .regression {
            accuracy = Double(zip(found, labels).count { $0 == $1 }) / Double(samples)
        } else {
            accuracy = nil
        }
        let error = outputs.relativeError(from: reference)
        relativeError = error.isFinite ? error : .infinity
    }

    static func decisions(_ outputs: Batch, _ decision: Decision) -> [Int] {
        (0..<outputs.samples).map { decision.index(of: outputs.sample($0)) }
    }
}
