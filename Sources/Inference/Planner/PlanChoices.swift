import BFV

/// Everything that the planner decided; with the network it determines the plan.
public struct PlanChoices: Sendable, Equatable {
    public var layout: DataLayout
    public var parameters: BFVParameters
    /// Baby steps of each linear layer.
    public var babyCounts: [Int]
    /// The level at each switch point of the circuit.
    public var levels: [Int]
    public var keys: EvaluationKeySpecification
    public var replyC0Bits: Int
    public var replyC1Bits: Int

    public init(
        parameters: BFVParameters, babyCounts: [Int], levels: [Int],
        keys: EvaluationKeySpecification, replyC0Bits: Int, replyC1Bits: Int,
        layout: DataLayout = .latency
    ) {
        self.layout = layout
        self.parameters = parameters
        self.babyCounts = babyCounts
        self.levels = levels
        self.keys = keys
        self.replyC0Bits = replyC0Bits
        self.replyC1Bits = replyC1Bits
    }
}
