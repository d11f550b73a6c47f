import BFV
import BigIntegers
import Foundation
import Lattice

/// The executor run on `CostSlots`: noise, counts and bytes of definite choices.
struct PlanEvaluation {
    let counts: OperationCounts
    /// At most how many random events the noise bound rests on: every digit, division and fresh error.
    var events: Int {
        counts.keyProducts + counts.plaintextProducts + 3 * counts.specialDivisions
            + 6 * counts.modulusSwitches
            + 16 * finalNoise.count * outputCount + vectorEvents
    }
    /// Of each t_i, the bound on the phase noise at level 1, modulo q_0.
    let finalNoise: [NoiseBound]
    let sites: [CostLedger.Site]
    /// What the last multiplications left in the outputs.
    let outputUnit: MessageUnit
    let models: [NoiseModel]
    /// Of the batch layout: fresh ciphertexts and sums of them.
    private let vectorEvents: Int
    /// Of the batch layout: limbs of the largest step between stored vectors, for one t_i.
    let storedLimbs: Int
    /// Of the batch layout: ciphertexts of a reply, for one t_i.
    let outputCount: Int

    /// - Parameter keys: nil to look for sites.
    init(
        circuit: Circuit, parameters: BFVParameters, levels: [Int],
        keys: EvaluationKeySpecification?, norms: TransformNorms
    ) throws {
        var counts = OperationCounts()
        var noise: [NoiseBound] = []
        var sites: [CostLedger.Site] = []
        var models: [NoiseModel] = []
        var unit = MessageUnit.one
        var vectorEvents = 0
        var storedLimbs = 0
        var outputCount = 1
        for index in parameters.plaintextModuli.indices {
            // Noise must stay under Q_l / 2 all along; it only matters at the end, since switching down
            // keeps the ratio.
            let ledger: CostLedger
            switch circuit.layout {
            case .latency:
                let slots = CostSlots(
                    parameters: parameters, plaintextIndex: index, keys: keys, norms: norms)
                let program = try Program(
                    circuit, levels: levels, maximumLevel: parameters.maximumLevel, on: slots)
                let end = try program.run(
                    circuit.inputLayouts.map { _ in slots.input }, on: slots)
                ledger = slots.ledger
                noise.append(ledger.compress(end.noise, level: end.level))
                unit = program.outputUnit
            case .batch:
                let features = CostFeatures(
                    parameters: parameters, plaintextIndex: index, keys: keys)
                let program = try Program(
                    circuit, levels: levels, maximumLevel: parameters.maximumLevel, on: features)
                let end = try features.store(
                    program.run([features.input(count: circuit.featureCount)], on: features))
                ledger = features.ledger
                storedLimbs = max(storedLimbs, features.storedLimbs)
                outputCount = end.count
                vectorEvents += features.events
                noise.append(ledger.compress(end.noise, level: end.level, count: end.count))
                unit = program.outputUnit
            }
            counts += ledger.counts
            sites += ledger.sites
            models.append(ledger.model)
        }
        self.counts = counts
        finalNoise = noise
        self.sites = sites
        self.models = models
        outputUnit = unit
        self.vectorEvents = vectorEvents
        self.storedLimbs = storedLimbs
        self.outputCount = outputCount
    }

    /// log2((2^k_1 / 2) / bound) of the compressed reply, for each t_i.
    func replyMargins(q0: UInt64, c0Bits: Int, c1Bits: Int) -> [Double] {
        zip(models, finalNoise).map { model, noise in
            let bound = model.compressed(noise, modulus: q0, c0Bits: c0Bits, c1Bits: c1Bits)
            // Down to 1/64: the same on every platform's mathematics library.
            return ((Double(c1Bits - 1) - log2(bound)) * 64).rounded(.down) / 64
        }
    }
}
