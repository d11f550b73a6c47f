import Inference
import ONNXModels
import Paillier
import Quantization
import Samples

/// Which encryption a plan uses.
public enum Scheme: String, Sendable, CaseIterable {
    /// Paillier for a linear model where that moves at most half of the bytes, else BFV.
    case auto
    case bfv
    case paillier
}

/// A plan of a linear model under Paillier, and how its network came about.
public struct PlannedLinearModel: Sendable {
    public let plan: LinearPlan
    /// What quantization did; nil where the model states its integers itself and was taken as it is.
    public let quantization: QuantizationReport?
    /// What was tried and had to be given up, in words.
    public let notes: [String]

    /// For `Artifact.encode(_:model:isQuantized:)`.
    public var isQuantized: Bool { quantization != nil }

    /// Plans a linear model. Parameters as those of `PlannedModel`.
    ///
    /// - Throws: also `LinearPlanError` for a model that isn't linear.
    public init(
        model bytes: [UInt8], calibration: SampleSet? = nil, labels: [Int]? = nil,
        options: PlanningOptions = PlanningOptions(), keySize: PaillierKeySize = .standard,
        progress: @escaping @Sendable (String) -> Void = { _ in }
    ) throws {
        let model = try ONNXModel.load(bytes)
        if let network = try? model.integerNetwork() {
            plan = try LinearPlan(network, keySize: keySize)
            quantization = nil
            notes = []
            return
        }
        let (quantizer, _) = try PlannedModel.quantizer(
            model, calibration: calibration, labels: labels, options: options, progress: progress)
        let quantized = try quantizer.quantize()
        plan = try LinearPlan(quantized.network, keySize: keySize)
        quantization = quantized.report
        notes = []
    }

    /// The same model under Paillier, where that moves at most half of the bytes that the BFV plan does for so many samples; nil where it
    /// doesn't, where the model isn't linear, or a prediction would take more than a second. BFV is much faster, so a few bytes less
    /// don't pay.
    public init?(
        insteadOf planned: PlannedModel, samples: Int, keySize: PaillierKeySize = .standard
    ) {
        let bfv = planned.plan
        guard bfv.network.depth == 0, bfv.certificate.rangeIsProven,
            let plan = try? LinearPlan(bfv.network, keySize: keySize)
        else { return nil }
        let (ours, theirs) = (plan.client.cost, bfv.client.cost)
        let groups = plan.client.groups(of: samples)
        let requests = bfv.client.groups(of: samples)
        let bytes = groups * (ours.requestBytes + ours.replyBytes) + ours.publicKeyBytes
        let others =
            requests * (theirs.requestBytes + theirs.replyBytes) + theirs.evaluationKeyBytes
        guard 2 * bytes <= others, plan.client.seconds(groups: 1) < 1 else { return nil }
        self.plan = plan
        quantization = planned.quantization
        notes = planned.notes
    }
}

extension LinearClientPlan {
    /// So many groups of samples on one core of the reference machine, with AVX-512 IFMA.
    public func seconds(groups: Int) -> Double {
        // Of a product modulo n^2; it grows with the square of the bits of n.
        let product = 0.75e-6 * Double(keySize.bits * keySize.bits) / (2048 * 2048)
        // A mask, an inversion's share and the joining of the parts.
        let output = 800 * product
        return Double(groups) * (Double(cost.products) * product + Double(outputCount) * output)
    }
}
