// SPDX-License-Identifier: Apache-2.0

import BFV
import BigIntegers
import InferenceClient
import Lattice

/// The widest digits that each key can have where a key switch may add `share` of the noise that is there.
struct GadgetChooser {
    let parameters: BFVParameters
    let share: Double

    /// - Returns: nil where even the narrowest digits add too much.
    func keys(for evaluation: PlanEvaluation) -> BFVKeySet? {
        var width: [SlotPermutation: Int] = [:]
        var level: [SlotPermutation: Int] = [:]
        var relinearization: Gadget?
        var groups: [[SlotPermutation]] = []
        for site in evaluation.sites {
            guard let bits = widest(site) else { return nil }
            if site.relinearizes {
                relinearization = Gadget(
                    level: max(relinearization?.level ?? 0, site.level),
                    digitBits: min(relinearization?.digitBits ?? bits, bits))
            }
            let permutations = site.permutations.map {
                $0.normalized(degree: parameters.degree)
            }
            groups.append(permutations)
            for permutation in permutations {
                width[permutation] = min(width[permutation] ?? bits, bits)
                level[permutation] = max(level[permutation] ?? 0, site.level)
            }
        }
        shareWidths(in: groups, &width)
        return BFVKeySet(
            lattice: parameters.lattice, relinearization: relinearization,
            galois: width.reduce(into: [:]) { out, entry in
                out[entry.key.galoisElement(degree: parameters.degree)] = Gadget(
                    level: level[entry.key]!, digitBits: entry.value)
            }, rerandomizationLevel: evaluation.finalLevel)
    }

    /// Permutations that are hoisted together share one decomposition, so one width.
    private func shareWidths(
        in groups: [[SlotPermutation]], _ width: inout [SlotPermutation: Int]
    ) {
        var changed = true
        while changed {
            changed = false
            for group in groups {
                guard let least = group.compactMap({ width[$0] }).min() else { continue }
                for permutation in group where width[permutation] != least {
                    width[permutation] = least
                    changed = true
                }
            }
        }
    }

    private func widest(_ site: CostLedger.Site) -> Int? {
        let moduli = parameters.ciphertextModuli[..<site.level]
        let most = moduli.map { $0.bitWidthUsed }.max() ?? 0
        for bits in stride(from: most, through: 4, by: -1) {
            let gadget = Gadget(level: site.level, digitBits: bits)
            let added = site.model.keySwitching(
                gadget: gadget, moduli: moduli, special: parameters.specialModulus)
            if added.largest <= site.noise * share { return bits }
        }
        return nil
    }
}
