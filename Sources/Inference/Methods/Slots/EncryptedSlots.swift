// SPDX-License-Identifier: Apache-2.0

import BFV
import InferenceClient
import Lattice
import Threading

/// Slot circuits on ciphertexts, with evaluation keys only. Works modulo all t_i at once, so that every key is read
/// from memory once for all of them.
package struct EncryptedSlots: EncryptedInterpreter {
    package typealias Family = SlotCircuits
    /// One ciphertext of each t_i; of a bundle, of every part in turn. At the end, of each t_i all that are put out.
    package typealias Value = [Ciphertext]

    package enum PreparedStep: Sendable {
        case fold([SlotPermutation])
        case part(Int)
        case add([EncodedConstant])
        /// Of each t_i, a constant for each slot; whether their sum is rounded at random.
        case mask(SlotLayout, [[UInt64]], isDithered: Bool)
        case join
        /// Of each t_i, what is taken off.
        case factors(SlotLayout, [[UInt64]])
        case leaf([EncodedTransform], [EncodedConstant])
        case sum
    }

    private let evaluator: Evaluator
    private let counter: OperationCounter
    private let residues: [ResidueSlots]
    private let privacy: FunctionPrivacy

    package init(
        context: BFVContext, keys: EvaluationKeys, privacy: FunctionPrivacy,
        counter: OperationCounter, pool: WorkerPool
    ) {
        self.privacy = privacy
        self.counter = counter
        evaluator = Evaluator(context: context, keys: keys, counter: counter, pool: pool)
        residues = ResidueSlots.all(context.parameters)
    }

    package func values(of request: SlotsRequest) -> [[Ciphertext]] {
        let count = residues.count
        return stride(from: 0, to: request.ciphertexts.count, by: count).map {
            Array(request.ciphertexts[$0..<$0 + count])
        }
    }

    package func prepare(
        _ transform: LinearTransform, units: [MessageUnit], unit: MessageUnit, level: Int,
        isLast: Bool
    ) -> [EncodedTransform] {
        let giants = transform.giants.map { giant in
            (
                permutation: giant.permutation, output: giant.output,
                terms: giant.terms.map { (baby: $0.baby, weights: $0.weights) }
            )
        }
        return residues.map { residues in
            evaluator.context.encodeTransform(
                babies: transform.babies, giants: giants,
                factors: transform.sums.indices.map { sum in
                    units.map { residues.inverse($0.over(unit), transform.divisors(ofSum: sum)) }
                },
                spacing: transform.spacing, plaintextIndex: residues.plaintextIndex,
                level: level, isDithered: isLast && privacy.dithers)
        }
    }

    package func prepare(
        _ step: SlotStep, units: [MessageUnit], unit: MessageUnit, level: Int, followsLast: Bool
    ) -> PreparedStep {
        let context = evaluator.context
        switch step {
        case .fold(let permutations): return .fold(permutations)
        case .part(let index): return .part(index)
        case .join: return .join
        case .sum: return .sum
        case .leaf(let leaf): return prepare(leaf, units: units, unit: unit, level: level)
        case .factors(let layout, let constants):
            return .factors(
                layout, residues.map { $0.multiply(constants.map { -$0 }, by: unit) })
        case .mask(let layout, let constant):
            return .mask(
                layout,
                residues.map { $0.multiply(constant.slots, by: unit, constant.divisors) },
                isDithered: followsLast && privacy.isFine)
        case .add(let constant):
            return .add(
                residues.map {
                    context.encodeConstant(
                        slots: $0.multiply(constant.slots, by: unit, constant.divisors),
                        plaintextIndex: $0.plaintextIndex,
                        level: level)
                })
        }
    }

    package func apply(
        _ transforms: [EncodedTransform], to values: [[Ciphertext]]
    ) throws -> [Ciphertext] { try evaluator.apply(transforms, to: values) }

    package func apply(_ step: PreparedStep, to values: [[Ciphertext]]) throws -> [Ciphertext] {
        let value = values[0]
        return switch step {
        case .factors(let layout, let constants):
            try factors(values, constants, layout: layout)
        // Modulus by modulus, as replies are.
        case .join: residues.indices.flatMap { index in values.map { $0[index] } }
        case .leaf: try apply([step], to: [values])[0]
        case .sum: try zip(value, values[1]).map { try evaluator.add($0, $1) }
        case .part(let index): Array(value[index * residues.count..<(index + 1) * residues.count])
        case .fold(let permutations):
            try evaluator.sumOfPermutations(value, permutations, includingIdentity: true)
        case .add(let constants): try zip(value, constants).map { try evaluator.add($0, $1) }
        case .mask(let layout, let constants, let isDithered):
            try mask(value, constants, layout: layout, isDithered: isDithered)
        }
    }

    /// Leaves of one value's tables read the same powers.
    package func joins(_ step: PreparedStep) -> Bool {
        if case .leaf = step { true } else { false }
    }

    package func apply(
        _ steps: [PreparedStep], to values: [[[Ciphertext]]]
    ) throws -> [[Ciphertext]] {
        let leaves = steps.map { step in
            guard case .leaf(let transforms, let constants) = step else {
                preconditionFailure("only leaves are joined")
            }
            return (transforms, constants)
        }
        // Of each t_i, of every leaf.
        let sums = try residues.indices.map { index in
            try evaluator.applyTogether(
                zip(leaves, values).map { leaf, values in
                    (leaf.0[index], values.map { $0[index] })
                })
        }
        return try leaves.indices.map { place in
            try residues.indices.map { index in
                try evaluator.add(sums[index][place], leaves[place].1[index])
            }
        }
    }

    package func multiply(_ a: [Ciphertext], _ b: [Ciphertext]) throws -> [Ciphertext] {
        try evaluator.relinearize(
            zip(a, b).map { try evaluator.multiplyWithoutRelinearizing($0, $1) })
    }

    package func switchDown(_ value: [Ciphertext], toLevel level: Int) throws -> [Ciphertext] {
        try evaluator.switchDown(value, toLevel: level)
    }

    package func finish(
        _ value: [Ciphertext], c0Bits: Int, c1Bits: Int
    ) throws -> CompressedReply {
        CompressedReply(
            ciphertexts: try value.map {
                try evaluator.compress(
                    evaluator.rerandomize($0, flood: privacy.flood(of: $0)), c0Bits: c0Bits,
                    c1Bits: c1Bits)
            })
    }

    /// Sums of powers, each times its coefficient in every slot.
    private func prepare(
        _ leaf: SlotLeaf, units: [MessageUnit], unit: MessageUnit, level: Int
    ) -> PreparedStep {
        let context = evaluator.context
        let identity = SlotPermutation(rotation: 0)
        return .leaf(
            residues.map { residues in
                context.encodeTransform(
                    babies: units.indices.map { BabyStep(source: $0, permutation: identity) },
                    giants: [
                        (
                            identity,
                            units.enumerated().map { source, sourceUnit in
                                (
                                    baby: source,
                                    slots: residues.multiply(
                                        leaf.weights(source: source, modulus: residues.modulus),
                                        by: unit.over(sourceUnit))
                                )
                            }
                        )
                    ], spacing: leaf.spacing, plaintextIndex: residues.plaintextIndex, level: level)
            },
            residues.map {
                context.encodeConstant(
                    slots: $0.multiply(leaf.bias(modulus: $0.modulus), by: unit),
                    plaintextIndex: $0.plaintextIndex, level: level)
            })
    }

    /// Of each t_i the factors, each plus a pad, then what the client takes off their products.
    private func factors(
        _ values: [[Ciphertext]], _ constants: [[UInt64]], layout: SlotLayout
    ) throws -> [Ciphertext] {
        let context = evaluator.context
        return try residues.flatMap { residues -> [Ciphertext] in
            let index = residues.plaintextIndex
            let operands = values.map { $0[index] }
            let level = operands[0].level
            let blinded = BlindedFactors(
                count: operands.count, constants: constants[index], layout: layout,
                modulus: context.plaintexts[index].table)
            func constant(_ slots: [UInt64]) -> EncodedConstant {
                context.encodeConstant(slots: slots, plaintextIndex: index, level: level)
            }
            let identity = SlotPermutation(rotation: 0)
            let transform = context.encodeTransform(
                babies: operands.indices.map { BabyStep(source: $0, permutation: identity) },
                giants: [
                    (identity, operands.indices.map { (baby: $0, slots: blinded.multipliers[$0]) })
                ], plaintextIndex: index, level: level)
            counter.add { $0.forwardNTTs += operands.count * level }
            let cross = try evaluator.apply([transform], to: operands.map { [$0] })[0]
            return try zip(operands, blinded.pads).map { try evaluator.add($0, constant($1)) }
                + [try evaluator.add(cross, constant(blinded.constants))]
        }
    }

    /// Masks and constants together, so that they are encoded and rounded once.
    private func mask(
        _ value: [Ciphertext], _ constants: [[UInt64]], layout: SlotLayout, isDithered: Bool
    ) throws -> [Ciphertext] {
        let mask = OutputMask(layout: layout)
        let context = evaluator.context
        return try zip(zip(value, constants), residues).map { operands, residues in
            let (ciphertext, constant) = operands
            let (index, level) = (residues.plaintextIndex, ciphertext.level)
            let shares = mask.shares(of: constant, modulus: context.plaintexts[index].table)
            return isDithered
                ? try evaluator.addDithered(ciphertext, slots: shares)
                : try evaluator.add(
                    ciphertext,
                    context.encodeConstant(slots: shares, plaintextIndex: index, level: level))
        }
    }
}
