// SPDX-License-Identifier: Apache-2.0

import BFV
import BigIntegers
import InferenceClient
import Lattice
import Ring

/// Counts, and places where keys are used, of one run on noise bounds at definite moduli.
package final class CostLedger: NoiseLedger {
    /// A place where a key is used: a switch that adds noise of largest embedding `noise` about doubles what is
    /// there.
    struct Site {
        let permutations: [SlotPermutation]
        let relinearizes: Bool
        let level: Int
        let noise: Double
        let model: NoiseModel
    }

    private let residues: ResidueSlots
    private let keys: BFVKeySet?
    package let privacy: FunctionPrivacy
    package let model: NoiseModel
    private(set) var sites: [Site] = []
    /// Of what replies are re-randomized at.
    private(set) var finalLevel = 1
    package var tally = NoiseTally()
    private var parameters: BFVParameters { residues.parameters }

    /// - Parameter keys: nil while the planner looks for gadgets: key switches then add no noise, and sites
    ///   are recorded.
    init(
        parameters: BFVParameters, plaintextIndex: Int, keys: BFVKeySet?, privacy: FunctionPrivacy
    ) {
        self.privacy = privacy
        residues = ResidueSlots(parameters: parameters, plaintextIndex: plaintextIndex)
        self.keys = keys
        model = NoiseModel(
            degree: parameters.degree, plaintext: parameters.plaintexts[plaintextIndex])
    }

    package var plaintext: PlaintextModulus { parameters.plaintexts[residues.plaintextIndex] }
    package var degree: Int { parameters.degree }
    package var specialCount: Int { parameters.lattice.specialModuli.count }
    package var maximumLevel: Int { parameters.maximumLevel }
    package var largestPlaintext: UInt64 { residues.modulus }
    package var switchesKeysFreely: Bool { false }

    package func inverse(_ unit: MessageUnit) -> UInt64 { residues.inverse(unit) }

    package func relinearize(
        _ noise: NoiseBound, level: Int, vector: Int?
    ) throws -> NoiseBound {
        let count = vector ?? 1
        sites.append(
            Site(
                permutations: [], relinearizes: true, level: level,
                noise: noise.norms.mean * Double(degree).squareRoot(), model: model))
        let added = try switchKey(
            keys?.relinearization, level: level, decomposes: true, count: count)
        divideBySpecial(level: level, count: 2 * count)
        let out = model.switchedKey(noise, switching: added)
        return vector == nil ? out : out.dependent(from: noise.components.count)
    }

    package func switchDown(
        _ noise: NoiseBound, from first: Int, to last: Int, vector: Int?
    ) -> NoiseBound {
        let out = switched(noise, from: first, to: last, count: vector ?? 1)
        return vector == nil ? out : out.dependent(from: noise.components.count)
    }

    private func switched(
        _ noise: NoiseBound, from first: Int, to last: Int, count: Int
    ) -> NoiseBound {
        var noise = noise
        for level in stride(from: first - 1, through: last, by: -1) {
            tally.counts.modulusSwitches += count
            tally.counts.inverseNTTs += count * 2
            tally.counts.forwardNTTs += count * 2 * level
            noise = model.switched(noise, droppedModulus: parameters.ciphertextModuli[level])
        }
        return noise
    }

    package func reply(
        _ noise: NoiseBound, exposure: NoiseExposure?, level: Int, count: Int
    ) throws -> NoiseBound {
        if let keys, keys.rerandomizationLevel < level {
            throw PlanError.invalid("replies are re-randomized above their key's level")
        }
        finalLevel = level
        tally.outputCount = count
        tally.counts.rerandomizations += count
        tally.counts.forwardNTTs += count * 3 * (level + specialCount)
        divideBySpecial(level: level, count: 2 * count)
        var fresh = model.rerandomized(noise, special: parameters.specialModulus)
        if privacy.bits > 0 {
            let flood = try privacy.flood(
                noise, exposure, model: model, special: parameters.specialModulus,
                share: Double(count * parameters.plaintextModuli.count),
                claimed: residues.plaintextIndex)
            tally.flood = flood
            tally.counts.floods += count
            fresh = flood.map { model.flooded(fresh, by: $0) } ?? .infinite
        }
        let out = switched(fresh, from: level, to: 1, count: count)
        tally.counts.inverseNTTs += 2 * count
        return out
    }

    package func pass(switchPoint: Int, _ values: [any NoiseValue]) {}

    package func switchKeys(
        _ permutations: [SlotPermutation], level: Int, room: Double
    ) throws -> NoiseNorms {
        guard !permutations.isEmpty else { return .zero }
        sites.append(
            Site(
                permutations: permutations, relinearizes: false, level: level, noise: room,
                model: model))
        // One decomposition for each width of digits.
        var widths = Set<Int>()
        var result = NoiseNorms.zero
        for permutation in permutations {
            let gadget = keys?.galois[permutation.galoisElement(degree: degree)]
            let added = try switchKey(
                gadget, level: level,
                decomposes: gadget.map { widths.insert($0.digitBits).inserted } ?? true)
            if added.largest > result.largest { result = added }
        }
        return result
    }

    /// - Parameter count: how many ciphertexts.
    /// - Returns: what one of them gets.
    private func switchKey(
        _ gadget: Gadget?, level: Int, decomposes: Bool, count: Int = 1
    ) throws -> NoiseNorms {
        tally.counts.keySwitches += count
        guard let gadget else {
            guard keys == nil else {
                throw PlanError.invalid("the circuit needs a key that the plan doesn't list")
            }
            return .zero
        }
        guard gadget.level >= level else {
            throw PlanError.invalid("a key for level \(gadget.level) is used at level \(level)")
        }
        let moduli = parameters.ciphertextModuli[..<level]
        let slices = gadget.digits(bits: moduli.map(\.bitWidthUsed))
        let digits = slices.count
        tally.counts.keyProducts += count * 2 * digits * (level + specialCount)
        tally.keyDigits += count * digits
        if decomposes {
            tally.counts.decompositions += count
            tally.counts.inverseNTTs += count * level
            tally.counts.forwardNTTs +=
                count
                * (digits * (level + specialCount)
                    - slices.reduce(0) {
                        let bits = moduli[$1.limbs.lowerBound].bitWidthUsed
                        return $0 + (gadget.digitCount(modulusBits: bits) == 1 ? $1.limbs.count : 0)
                    })
            tally.counts.joinProducts +=
                count
                * slices.reduce(0) {
                    $0
                        + RNSBasis.joinProducts(
                            $1.limbs.count, to: level + specialCount - $1.limbs.count)
                }
        }
        return model.keySwitching(
            gadget: gadget, moduli: moduli, special: parameters.specialModulus)
    }

    package func divideBySpecial(level: Int, count: Int) {
        tally.counts.specialDivisions += count
        tally.counts.inverseNTTs += count * specialCount
        tally.counts.forwardNTTs += count * level
        tally.counts.joinProducts += count * RNSBasis.joinProducts(specialCount, to: level)
    }
}
