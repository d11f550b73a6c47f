// SPDX-License-Identifier: Apache-2.0

import BFV
import BigIntegers
import InferenceClient
import Lattice

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// A circuit run on counts and noise bounds: noise, counts and bytes of definite choices.
package struct PlanEvaluation {
    let counts: OperationCounts
    /// At most how many random events the noise bound rests on: every digit, division and fresh error.
    var events: Int {
        keyDigits * 4 + counts.plaintextProducts + 3 * counts.specialDivisions
            + 6 * counts.modulusSwitches + 8 * counts.rerandomizations
            + 16 * finalNoise.count * outputCount + vectorEvents
    }
    /// Of each t_i, the bound on the phase noise at level 1, modulo q_0.
    let finalNoise: [NoiseBound]
    let sites: [CostLedger.Site]
    /// What the last multiplications left in the outputs.
    let outputUnit: MessageUnit
    let models: [NoiseModel]
    /// Fresh ciphertexts and sums of them, where there are many.
    private let vectorEvents: Int
    /// Digits of all key switches: of each the noise of its key is bounded, and its own norms.
    private let keyDigits: Int
    /// Limbs of the largest step between stored vectors, for one t_i.
    let storedLimbs: Int
    /// Ciphertexts of a reply, for one t_i.
    let outputCount: Int
    /// What replies are re-randomized at.
    let finalLevel: Int
    /// With a flood for each t_i.
    let privacy: FunctionPrivacy

    /// - Parameters:
    ///   - keys: nil to look for sites.
    ///   - privacy: without floods, to choose them.
    ///   - plaintext: the only t_i to bound noise for, counts being the same of each; nil: all of them.
    init<Family: CircuitFamily>(
        _ circuit: Circuit<Family>, parameters: BFVParameters, levels: [Int], keys: BFVKeySet?,
        norms: TransformNorms, privacy: FunctionPrivacy, plaintext: Int? = nil
    ) throws {
        let all = parameters.plaintextModuli.indices
        let copies = plaintext == nil ? 1 : all.count
        var floods: [Flood] = []
        var counts = OperationCounts()
        var noise: [NoiseBound] = []
        var sites: [CostLedger.Site] = []
        var models: [NoiseModel] = []
        var unit = MessageUnit.one
        var (vectorEvents, keyDigits) = (0, 0)
        var storedLimbs = 0
        var outputCount = 1
        var finalLevel = 1
        for index in plaintext.map({ $0..<$0 + 1 }) ?? all {
            // Noise must stay under Q_l / 2 all along; it only matters at the end, since switching down
            // keeps the ratio.
            let ledger = CostLedger(
                parameters: parameters, plaintextIndex: index, keys: keys, privacy: privacy)
            let interpreter = Family.Noise(circuit: circuit, ledger: ledger, norms: norms)
            let program = try Program(
                circuit, levels: levels, maximumLevel: parameters.maximumLevel,
                isOne: circuit.unitIsOne(parameters), on: interpreter)
            noise.append(try program.run((), on: interpreter))
            unit = program.outputUnit
            storedLimbs = max(storedLimbs, ledger.tally.storedLimbs)
            outputCount = ledger.tally.outputCount
            finalLevel = ledger.finalLevel
            if let flood = ledger.tally.flood { floods.append(flood) }
            vectorEvents += copies * ledger.tally.events
            keyDigits += copies * ledger.tally.keyDigits
            for _ in 0..<copies { counts += ledger.tally.counts }
            sites += ledger.sites
            models.append(ledger.model)
        }
        self.counts = counts
        finalNoise = noise
        self.sites = sites
        self.models = models
        outputUnit = unit
        self.vectorEvents = vectorEvents
        self.keyDigits = keyDigits
        self.storedLimbs = storedLimbs
        self.outputCount = outputCount
        self.finalLevel = finalLevel
        self.privacy = FunctionPrivacy(
            bits: privacy.bits, floods: floods, isFine: privacy.isFine)
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
