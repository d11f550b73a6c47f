import BFV
import BigIntegers
import NeuralNetwork

/// What a client needs: parameters, input and output encoding, the keys to make. No weights.
public struct ClientPlan: Sendable, Equatable {
    public let layout: DataLayout
    public let parameters: BFVParameters
    public let input: InputSpecification
    /// Of each ciphertext of a sample: the index of the input that each slot holds. None in the batch layout.
    public let inputLayouts: [SlotLayout]
    /// The output that each slot is a share of. None in the batch layout.
    public let outputLayout: SlotLayout?
    /// Modulo each t_i, what outputs are to be divided by.
    public let outputUnits: [UInt64]
    /// Real value of one unit of an output.
    public let outputScale: Double
    /// A name for each class, or for each output of a regression.
    public let labels: [String]
    public let decision: Decision
    /// What the client applies to the outputs.
    public let transform: OutputTransform
    public let keys: EvaluationKeySpecification
    public let replyC0Bits: Int
    public let replyC1Bits: Int
    public let certificate: Certificate
    public let cost: CostEstimate

    public var outputCount: Int { certificate.outputBounds.count }

    /// Samples that are encrypted together: one, or as many as there are slots.
    public var samplesPerRequest: Int { layout == .batch ? parameters.slots.slotCount : 1 }

    package init(
        layout: DataLayout, parameters: BFVParameters, input: InputSpecification,
        inputLayouts: [SlotLayout], outputLayout: SlotLayout?, outputUnits: [UInt64],
        outputScale: Double, labels: [String],
        decision: Decision, transform: OutputTransform, keys: EvaluationKeySpecification,
        replyC0Bits: Int, replyC1Bits: Int,
        certificate: Certificate, cost: CostEstimate
    ) {
        self.layout = layout
        self.parameters = parameters
        self.input = input
        self.inputLayouts = inputLayouts
        self.outputLayout = outputLayout
        self.outputUnits = outputUnits
        self.outputScale = outputScale
        self.labels = labels
        self.decision = decision
        self.transform = transform
        self.keys = keys
        self.replyC0Bits = replyC0Bits
        self.replyC1Bits = replyC1Bits
        self.certificate = certificate
        self.cost = cost
    }
}
