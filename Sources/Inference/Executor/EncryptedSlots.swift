import BigIntegers
import RLWE
import Ring

/// The circuit on ciphertexts, with evaluation keys only. Works modulo all t_i at once, so that every key is read
/// from memory once for all of them.
public struct EncryptedSlots: SlotEvaluator, Sendable {
    /// One ciphertext of each t_i.
    public typealias Value = [Ciphertext]

    private let evaluator: Evaluator
    private let channels: [ResidueSlots]

    public init(evaluator: Evaluator) {
        self.evaluator = evaluator
        let parameters = evaluator.context.parameters
        channels = parameters.plaintextModuli.indices.map {
            ResidueSlots(parameters: parameters, plaintextIndex: $0)
        }
    }

    public func prepare(
        _ transform: LinearTransform, units: [MessageUnit], level: Int
    ) throws -> [EncodedTransform] {
        let giants = transform.giants.map { giant in
            (
                permutation: giant.permutation,
                terms: giant.terms.map { (baby: $0.baby, weights: $0.weights) }
            )
        }
        return channels.map { residues in
            evaluator.context.encodeTransform(
                babies: transform.babies, giants: giants, factors: units.map(residues.inverse),
                plaintextIndex: residues.plaintextIndex, level: level)
        }
    }

    public func prepare(
        constant: [Int64], unit: MessageUnit, level: Int
    ) throws -> [EncodedConstant] {
        channels.map {
            evaluator.context.encodeConstant(
                slots: $0.multiply(constant, by: unit), plaintextIndex: $0.plaintextIndex,
                level: level)
        }
    }

    public func apply(
        _ transforms: [EncodedTransform], to values: [[Ciphertext]]
    ) throws -> [Ciphertext] { try evaluator.apply(transforms, to: values) }

    public func add(
        _ constants: [EncodedConstant], to value: [Ciphertext]
    ) throws -> [Ciphertext] {
        try zip(value, constants).map { try evaluator.add($0, $1) }
    }

    public func multiply(_ a: [Ciphertext], _ b: [Ciphertext]) throws -> [Ciphertext] {
        try evaluator.relinearize(
            zip(a, b).map { try evaluator.multiplyWithoutRelinearizing($0, $1) })
    }

    public func fold(
        _ value: [Ciphertext], _ permutations: [SlotPermutation]
    ) throws -> [Ciphertext] {
        try evaluator.sumOfPermutations(value, permutations, includingIdentity: true)
    }

    public func switchDown(_ value: [Ciphertext], toLevel level: Int) throws -> [Ciphertext] {
        try evaluator.switchDown(value, toLevel: level)
    }

    public func mask(_ value: [Ciphertext], layout: SlotLayout) throws -> [Ciphertext] {
        let mask = OutputMask(layout: layout)
        return try zip(value, channels).map { ciphertext, residues in
            let constant = evaluator.context.encodeConstant(
                slots: mask.shares(
                    modulus: evaluator.context.plaintexts[residues.plaintextIndex].table),
                plaintextIndex: residues.plaintextIndex, level: ciphertext.level)
            return try evaluator.add(ciphertext, constant)
        }
    }

    func compress(
        _ value: [Ciphertext], c0Bits: Int, c1Bits: Int
    ) throws -> [CompressedCiphertext] {
        try value.map { try evaluator.compress($0, c0Bits: c0Bits, c1Bits: c1Bits) }
    }
}

/// Random values for slots that leave every output's sum as it is: what a client sees of the products
/// behind an output is uniform, but for their sum.
struct OutputMask {
    let layout: SlotLayout

    /// Uniform in [0, t) but for the last slot of each output, which makes its sum zero.
    func shares(modulus: NTTTable) -> [UInt64] {
        let t = modulus.value
        var shares = Array(Samplers.uniformWords(modulus: modulus)[..<layout.slotCount])
        var sums: [Int32: UInt64] = [:]
        var last: [Int32: Int] = [:]
        for (slot, output) in layout.features.enumerated() where output != SlotLayout.empty {
            last[output] = slot
            sums[output] = ModularArithmetic.add(sums[output] ?? 0, shares[slot], modulo: t)
        }
        for (output, slot) in last {
            shares[slot] = ModularArithmetic.subtract(
                shares[slot], sums[output] ?? 0, modulo: t)
        }
        return shares
    }
}
