// SPDX-License-Identifier: Apache-2.0

import BFV
import BigIntegers
import InferenceClient

/// Slot circuits in the open: values of one vector of slots each.
package struct ClearSlots: ClearInterpreter {
    package typealias Family = SlotCircuits

    package struct PreparedMap: Sendable {
        let transform: LinearTransform
        /// Weights of each term modulo t, in the transform's order.
        let weights: [[[UInt64]]]
    }

    package enum PreparedStep: Sendable {
        case fold([SlotPermutation])
        case part(Int)
        /// Of a mask too: shares of zero add nothing to an output, and here they are all zero.
        case add([UInt64])
        case join
        /// What is taken off.
        case factors([UInt64])
        /// Of each operand its weights, then the constants.
        case leaf([[UInt64]], [UInt64])
        case sum
    }

    package let residues: ResidueSlots
    private let circuit: Circuit<SlotCircuits>

    package init(circuit: Circuit<SlotCircuits>, residues: ResidueSlots) {
        self.residues = residues
        self.circuit = circuit
    }

    package func values(of samples: [[Int]]) -> [ClearValue] {
        let input = Slots.inputs(samples[...], of: circuit.samples)
        return circuit.layout.inputs.map {
            ClearValue(
                slots: [residues.multiply($0.place(input), by: .one)],
                level: residues.parameters.maximumLevel)
        }
    }

    package func prepare(
        _ transform: LinearTransform, units: [MessageUnit], unit: MessageUnit, level: Int,
        isLast: Bool
    ) -> PreparedMap {
        PreparedMap(
            transform: transform,
            weights: transform.giants.map { giant in
                giant.terms.map { term in
                    residues.divide(
                        term.weights, by: units[transform.babies[term.baby].source].over(unit),
                        transform.divisors(ofSum: giant.output))
                }
            })
    }

    package func prepare(
        _ step: SlotStep, units: [MessageUnit], unit: MessageUnit, level: Int, followsLast: Bool
    ) -> PreparedStep {
        switch step {
        case .fold(let permutations): .fold(permutations)
        case .part(let index): .part(index)
        case .add(let constant), .mask(_, let constant):
            .add(residues.multiply(constant.slots, by: unit, constant.divisors))
        case .join: .join
        case .factors(_, let constants):
            .factors(residues.multiply(constants.map { -$0 }, by: unit))
        case .leaf(let leaf):
            .leaf(
                units.enumerated().map { source, sourceUnit in
                    residues.multiply(
                        leaf.weights(source: source, modulus: t), by: unit.over(sourceUnit))
                }, residues.multiply(leaf.bias(modulus: t), by: unit))
        case .sum: .sum
        }
    }

    package func apply(_ map: PreparedMap, to values: [ClearValue]) -> ClearValue {
        let babies = map.transform.babies.map {
            permute(values[$0.source].slots[0], $0.permutation)
        }
        let outputs = map.transform.sums.count
        var totals = [[UInt64]](
            repeating: [UInt64](repeating: 0, count: values[0].slots[0].count), count: outputs)
        for (giant, weights) in zip(map.transform.giants, map.weights) {
            var sum = [UInt64](repeating: 0, count: totals[0].count)
            for (term, factor) in zip(giant.terms, weights) {
                let baby = babies[term.baby]
                for s in sum.indices where factor[s] != 0 {
                    sum[s] = ModularArithmetic.add(
                        sum[s], ModularArithmetic.multiply(factor[s], baby[s], modulo: t),
                        modulo: t)
                }
            }
            totals[giant.output] = added(totals[giant.output], permute(sum, giant.permutation))
        }
        return ClearValue(slots: totals, level: values[0].level)
    }

    package func apply(_ step: PreparedStep, to values: [ClearValue]) -> ClearValue {
        let value = values[0]
        return switch step {
        // Blinded by nothing.
        case .factors(let constants):
            ClearValue(
                slots: values.map { $0.slots[0] } + [constants], level: value.level)
        case .join:
            ClearValue(slots: values.flatMap(\.slots), level: value.level)
        case .part(let index): ClearValue(slots: [value.slots[index]], level: value.level)
        case .fold(let permutations):
            ClearValue(
                slots: value.slots.map { slots in
                    permutations.reduce(slots) { added($0, permute(slots, $1)) }
                }, level: value.level)
        case .add(let constant):
            ClearValue(slots: value.slots.map { added($0, constant) }, level: value.level)
        case .leaf(let weights, let constants):
            ClearValue(
                slots: [
                    zip(values, weights).reduce(constants) { sum, term in
                        added(
                            sum,
                            zip(term.0.slots[0], term.1).map {
                                ModularArithmetic.multiply($0, $1, modulo: t)
                            })
                    }
                ], level: value.level)
        case .sum:
            ClearValue(slots: [added(value.slots[0], values[1].slots[0])], level: value.level)
        }
    }

    private func permute(_ slots: [UInt64], _ permutation: SlotPermutation) -> [UInt64] {
        let shape = residues.parameters.slots
        return slots.indices.map { slots[shape.source(of: $0, under: permutation)!] }
    }
}
