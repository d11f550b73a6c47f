// SPDX-License-Identifier: Apache-2.0

import BFV
import BigIntegers
import InferenceClient
import Lattice

/// Counts, and places where keys are used, of one run on an evaluator of costs.
package final class CostLedger {
    /// A place where a key is used: a switch that adds noise of largest embedding `noise` about doubles what is
    /// there.
    struct Site {
        let permutations: [SlotPermutation]
        let relinearizes: Bool
        let level: Int
        let noise: Double
        let model: NoiseModel
    }

    let parameters: BFVParameters
    private let keys: BFVKeySet?
    let model: NoiseModel
    private(set) var sites: [Site] = []
    /// Of what replies are re-randomized at.
    private(set) var finalLevel = 1
    var counts = OperationCounts()

    /// - Parameter keys: nil while the planner looks for gadgets: key switches then add no noise, and sites
    ///   are recorded.
    init(
        parameters: BFVParameters, plaintextIndex: Int, keys: BFVKeySet?
    ) {
        self.parameters = parameters
        self.keys = keys
        model = NoiseModel(
            degree: parameters.degree, plaintext: parameters.plaintexts[plaintextIndex])
    }

    /// - Parameter count: how many ciphertexts.
    func relinearize(
        _ noise: NoiseBound, level: Int, count: Int = 1
    ) throws -> NoiseBound {
        sites.append(
            Site(
                permutations: [], relinearizes: true, level: level,
                noise: noise.norms.mean * Double(parameters.degree).squareRoot(), model: model))
        let added = try switchKey(
            keys?.relinearization, level: level, decomposes: true, count: count)
        divideBySpecial(level: level, count: 2 * count)
        return model.switchedKey(noise, switching: added)
    }

    /// - Parameter count: how many ciphertexts, of two polynomials.
    func switchDown(
        _ noise: NoiseBound, from first: Int, to last: Int, count: Int = 1
    ) -> NoiseBound {
        var noise = noise
        for level in stride(from: first - 1, through: last, by: -1) {
            counts.modulusSwitches += count
            counts.inverseNTTs += count * 2
            counts.forwardNTTs += count * 2 * level
            noise = model.switched(noise, droppedModulus: parameters.ciphertextModuli[level])
        }
        return noise
    }

    /// What `Evaluator.rerandomize` and `compress` do before rounding.
    func reply(_ noise: NoiseBound, level: Int, count: Int = 1) throws -> NoiseBound {
        if let keys, keys.rerandomizationLevel < level {
            throw PlanError.invalid("replies are re-randomized above their key's level")
        }
        finalLevel = level
        counts.rerandomizations += count
        counts.forwardNTTs += count * 3 * (level + 1)
        divideBySpecial(level: level, count: 2 * count)
        let noise = model.rerandomized(noise, special: parameters.specialModulus)
        let out = switchDown(noise, from: level, to: 1, count: count)
        counts.inverseNTTs += 2 * count
        return out
    }

    /// Switches that share a decomposition as long as their gadgets agree; the most noise that one adds.
    func switchKeys(
        _ permutations: [SlotPermutation], level: Int, room: Double
    ) throws -> NoiseNorms {
        guard !permutations.isEmpty else { return .zero }
        sites.append(
            Site(
                permutations: permutations, relinearizes: false, level: level, noise: room,
                model: model))
        var digitBits: Int?
        var result = NoiseNorms.zero
        for permutation in permutations {
            let gadget = keys?.galois[permutation.galoisElement(degree: parameters.degree)]
            let added = try switchKey(
                gadget, level: level, decomposes: gadget == nil || gadget?.digitBits != digitBits)
            digitBits = gadget?.digitBits
            if added.largest > result.largest { result = added }
        }
        return result
    }

    /// - Parameter count: how many ciphertexts.
    /// - Returns: what one of them gets.
    private func switchKey(
        _ gadget: Gadget?, level: Int, decomposes: Bool, count: Int = 1
    ) throws -> NoiseNorms {
        counts.keySwitches += count
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
        let perLimb = moduli.map {
            gadget.digitCount(modulusBits: $0.bitWidthUsed)
        }
        let digits = perLimb.reduce(0, +)
        counts.keyProducts += count * 2 * digits * (level + 1)
        if decomposes {
            counts.decompositions += count
            counts.inverseNTTs += count * level
            counts.forwardNTTs +=
                count * (digits * (level + 1) - perLimb.filter { $0 == 1 }.count)
        }
        return model.keySwitching(
            gadget: gadget, moduli: moduli, special: parameters.specialModulus)
    }

    func divideBySpecial(level: Int, count: Int) {
        counts.specialDivisions += count
        counts.inverseNTTs += count
        counts.forwardNTTs += count * level
    }
}
