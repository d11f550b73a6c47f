// SPDX-License-Identifier: Apache-2.0

import BFV
import BigIntegers
import InferenceClient
import Lattice

/// The widest digits that each key can have where a key switch may add `share` of the noise that is there.
struct GadgetChooser {
    let parameters: BFVParameters
    let share: Double

    /// With digits of one width for all permutations that are hoisted together, so of one decomposition; and, where
    /// they are others, with each key's widest: then a few narrow ones cost a decomposition of their own, and leave the
    /// others fewer products.
    ///
    /// - Returns: none where even the narrowest digits add too much.
    func keySets(for evaluation: PlanEvaluation) -> [BFVKeySet] {
        guard let widest = widest(for: evaluation) else { return [] }
        let (together, apart) = (widest.equalized(all: true), widest.equalized(all: false))
        return (together.width == apart.width ? [together] : [together, apart]).map {
            keys($0, rerandomizationLevel: evaluation.finalLevel)
        }
    }

    /// What each key can have by itself.
    private func widest(for evaluation: PlanEvaluation) -> Widths? {
        var widths = Widths(moduli: parameters.ciphertextModuli.map { $0.bitWidthUsed })
        var known: [Place: [Double]] = [:]
        for site in evaluation.sites {
            guard
                let bits = widest(
                    site,
                    &known[
                        Place(level: site.level, plaintext: site.model.plaintextModulus),
                        default: []])
            else { return nil }
            if site.relinearizes {
                let before = widths.relinearization
                widths.relinearization = Gadget(
                    level: max(before?.level ?? 0, site.level),
                    digitBits: min(before?.digitBits ?? bits, bits))
            }
            let permutations = site.permutations.map {
                $0.normalized(degree: parameters.degree)
            }
            widths.groups.append((permutations, site.level))
            for permutation in permutations {
                widths.width[permutation] = min(widths.width[permutation] ?? bits, bits)
                widths.level[permutation] = max(widths.level[permutation] ?? 0, site.level)
            }
        }
        return widths
    }

    private func keys(_ widths: Widths, rerandomizationLevel: Int) -> BFVKeySet {
        BFVKeySet(
            lattice: parameters.lattice, relinearization: widths.relinearization,
            galois: widths.width.reduce(into: [:]) { out, entry in
                out[entry.key.galoisElement(degree: parameters.degree)] = Gadget(
                    level: widths.level[entry.key]!, digitBits: entry.value)
            }, rerandomizationLevel: rerandomizationLevel)
    }

    /// Of several residues, the digits that are tried, widest first: by steps that are less than a residue, of digits of
    /// many by larger ones.
    private static let wideDigits =
        Array(stride(from: 752, to: 282, by: -47)) + Array(stride(from: 282, to: 150, by: -24))
        + Array(stride(from: 150, to: Gadget.mostResidueBits, by: -12))
    /// Moduli of a key with such digits, at least: of fewer, none is worth what it adds.
    static let fewestLimbs = 6

    /// Bits that no digit of a key for such a level exceeds.
    static func widest(level: Int) -> Int {
        level >= fewestLimbs ? wideDigits[0] : ModulusChain.largestBits
    }

    /// What one key switch adds depends on where it is, and for which plaintext modulus.
    private struct Place: Hashable {
        let level: Int
        let plaintext: Double
    }

    /// - Parameter known: of digits of the largest modulus's bits and ever fewer, what they add there.
    private func widest(_ site: CostLedger.Site, _ known: inout [Double]) -> Int? {
        let moduli = parameters.ciphertextModuli[..<site.level]
        let most = moduli.map { $0.bitWidthUsed }.max() ?? 0
        // Keys serve several levels: digits that a low one asks for are those of all.
        let isWide = parameters.maximumLevel >= Self.fewestLimbs
        let widths = (isWide ? Self.wideDigits : []) + (4...most).reversed()
        for (place, bits) in widths.enumerated() {
            if known.count == place {
                let added = site.model.keySwitching(
                    gadget: Gadget(level: site.level, digitBits: bits), moduli: moduli,
                    special: parameters.specialModulus)
                known.append(added.largest)
            }
            if known[place] <= site.noise * share { return bits }
        }
        return nil
    }
}

/// Of digits, by permutation.
private struct Widths {
    /// Bits of the ciphertext moduli.
    let moduli: [Int]
    var width: [SlotPermutation: Int] = [:]
    var level: [SlotPermutation: Int] = [:]
    var relinearization: Gadget?
    /// Permutations that are hoisted together, and where.
    var groups: [(permutations: [SlotPermutation], level: Int)] = []

    init(moduli: [Int]) { self.moduli = moduli }

    /// With one width for all permutations that are hoisted together, or for those alone that have the same digits
    /// there.
    func equalized(all: Bool) -> Widths {
        var out = self
        var changed = true
        while changed {
            changed = false
            for (permutations, level) in groups {
                let classes = Dictionary(grouping: Set(permutations)) {
                    all ? [] : out.digits($0, level: level)
                }
                for members in classes.values {
                    let least = members.map { out.width[$0]! }.min()!
                    for permutation in members where out.width[permutation] != least {
                        out.width[permutation] = least
                        changed = true
                    }
                }
            }
        }
        return out
    }

    /// Of each digit, the limb that it begins with.
    private func digits(_ permutation: SlotPermutation, level: Int) -> [Int] {
        Gadget(level: level, digitBits: width[permutation]!)
            .digits(bits: Array(moduli.prefix(level))).map(\.limbs.lowerBound)
    }
}
