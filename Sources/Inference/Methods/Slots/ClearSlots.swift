// SPDX-License-Identifier: Apache-2.0

import BFV
import BigIntegers
import InferenceClient

/// Slot circuits in the open, modulo t: the oracle of `EncryptedSlots`. Slow and obvious.
package struct ClearSlots: Interpreter {
    package typealias Family = SlotCircuits

    /// Slots in [0, t), and the level that a ciphertext would have.
    package struct Value: Sendable, Equatable {
        var slots: [UInt64]
        var level: Int
    }

    package struct PreparedMap: Sendable {
        let transform: LinearTransform
        /// Weights of each term modulo t, in the transform's order.
        let weights: [[[UInt64]]]
    }

    package enum PreparedStep: Sendable {
        case fold([SlotPermutation])
        case add([UInt64])
        case mask
    }

    private let residues: ResidueSlots
    private let layouts: [SlotLayout]
    private var t: UInt64 { residues.modulus }

    package init(parameters: BFVParameters, plaintextIndex: Int, layouts: [SlotLayout]) {
        residues = ResidueSlots(parameters: parameters, plaintextIndex: plaintextIndex)
        self.layouts = layouts
    }

    /// - Parameter sample: quantized inputs.
    package func values(of sample: [Int]) -> [Value] {
        layouts.map {
            Value(
                slots: residues.multiply($0.place(sample.map(Int64.init)), by: .one),
                level: residues.parameters.maximumLevel)
        }
    }

    package func prepare(
        _ transform: LinearTransform, units: [MessageUnit], unit: MessageUnit, level: Int
    ) -> PreparedMap {
        PreparedMap(
            transform: transform,
            weights: transform.giants.map { giant in
                giant.terms.map { term in
                    residues.divide(
                        term.weights, by: units[transform.babies[term.baby].source])
                }
            })
    }

    package func prepare(_ step: SlotStep, unit: MessageUnit, level: Int) -> PreparedStep {
        switch step {
        case .fold(let permutations): .fold(permutations)
        case .add(let constant): .add(residues.multiply(constant, by: unit))
        case .mask: .mask
        }
    }

    package func apply(_ map: PreparedMap, to values: [Value]) -> Value {
        let babies = map.transform.babies.map { permute(values[$0.source].slots, $0.permutation) }
        var total = [UInt64](repeating: 0, count: values[0].slots.count)
        for (giant, weights) in zip(map.transform.giants, map.weights) {
            var sum = [UInt64](repeating: 0, count: total.count)
            for (term, factor) in zip(giant.terms, weights) {
                let baby = babies[term.baby]
                for s in sum.indices where factor[s] != 0 {
                    sum[s] = ModularArithmetic.add(
                        sum[s], ModularArithmetic.multiply(factor[s], baby[s], modulo: t),
                        modulo: t)
                }
            }
            total = added(total, permute(sum, giant.permutation))
        }
        return Value(slots: total, level: values[0].level)
    }

    package func apply(_ step: PreparedStep, to value: Value) -> Value {
        switch step {
        case .fold(let permutations):
            Value(
                slots: permutations.reduce(value.slots) { added($0, permute(value.slots, $1)) },
                level: value.level)
        case .add(let constant): Value(slots: added(value.slots, constant), level: value.level)
        // Shares of zero add nothing to an output: here they are all zero.
        case .mask: value
        }
    }

    package func multiply(_ a: Value, _ b: Value) -> Value {
        let unit = MessageUnit.one.times(.one, level: a.level)
            .value(residues.parameters, plaintextIndex: residues.plaintextIndex)
        return Value(
            slots: zip(a.slots, b.slots).map {
                ModularArithmetic.multiply(
                    ModularArithmetic.multiply($0, $1, modulo: t), unit, modulo: t)
            },
            level: a.level)
    }

    package func switchDown(_ value: Value, toLevel level: Int) -> Value {
        Value(slots: value.slots, level: level)
    }

    package func finish(_ value: Value, c0Bits: Int, c1Bits: Int) -> [UInt64] { value.slots }

    private func added(_ a: [UInt64], _ b: [UInt64]) -> [UInt64] {
        zip(a, b).map { ModularArithmetic.add($0, $1, modulo: t) }
    }

    private func permute(_ slots: [UInt64], _ permutation: SlotPermutation) -> [UInt64] {
        let shape = residues.parameters.slots
        return slots.indices.map { slots[shape.source(of: $0, under: permutation)!] }
    }
}

extension BFVPlan where Family == SlotCircuits {
    /// The logits of a quantized sample in the plan's box, by way of slots in the open: what the encrypted run must
    /// give.
    package func clearLogits(of sample: [Int], outputs: OutputReading) throws -> [BigInt] {
        let slots = try choices.parameters.plaintextModuli.indices.map { index in
            let interpreter = ClearSlots(
                parameters: choices.parameters, plaintextIndex: index,
                layouts: circuit.layout.inputs)
            return try Program(
                circuit, levels: choices.levels, maximumLevel: choices.parameters.maximumLevel,
                on: interpreter
            ).run(sample, on: interpreter)
        }
        return client.outputs(
            slots, OutputDecoder(client.settings, outputs), samples: 1, noiseMarginBits: .infinity
        ).logits(of: 0)
    }
}
