import BigIntegers
import RLWE
import Ring

/// The circuit on ciphertexts, with evaluation keys only.
public struct EncryptedSlots: SlotEvaluator, Sendable {
    let evaluator: Evaluator
    private let plaintextIndex: Int
    private let residues: ResidueSlots

    public init(evaluator: Evaluator, plaintextIndex: Int) {
        self.evaluator = evaluator
        self.plaintextIndex = plaintextIndex
        residues = ResidueSlots(
            parameters: evaluator.context.parameters, plaintextIndex: plaintextIndex)
    }

    public func prepare(
        _ transform: LinearTransform, unit: MessageUnit, level: Int
    ) throws -> EncodedTransform {
        EncodedTransform(
            babies: transform.babies,
            giants: transform.giants.map { giant in
                EncodedTransform.Giant(
                    permutation: giant.permutation,
                    terms: giant.terms.map { term in
                        (
                            term.baby,
                            evaluator.context.encodeFactor(
                                slots: residues.divide(term.weights, by: unit),
                                plaintextIndex: plaintextIndex, level: level)
                        )
                    })
            })
    }

    public func prepare(
        constant: [Int64], unit: MessageUnit, level: Int
    ) throws -> EncodedConstant {
        evaluator.context.encodeConstant(
            slots: residues.multiply(constant, by: unit), plaintextIndex: plaintextIndex,
            level: level)
    }

    public func apply(_ transform: EncodedTransform, to value: Ciphertext) throws -> Ciphertext {
        try evaluator.apply(transform, to: value)
    }

    public func add(_ constant: EncodedConstant, to value: Ciphertext) throws -> Ciphertext {
        try evaluator.add(value, constant)
    }

    public func square(_ value: Ciphertext) throws -> Ciphertext {
        try evaluator.multiply(value, value)
    }

    public func fold(
        _ value: Ciphertext, _ permutations: [SlotPermutation]
    ) throws -> Ciphertext {
        try evaluator.sumOfPermutations(value, permutations, includingIdentity: true)
    }

    public func switchDown(_ value: Ciphertext, toLevel level: Int) throws -> Ciphertext {
        try evaluator.switchDown(value, toLevel: level)
    }

    public func mask(_ value: Ciphertext, layout: SlotLayout) throws -> Ciphertext {
        let shares = OutputMask(layout: layout).shares(modulus: residues.modulus)
        let constant = evaluator.context.encodeConstant(
            slots: shares, plaintextIndex: plaintextIndex, level: value.level)
        return try evaluator.add(value, constant)
    }
}

/// Random values for slots that leave every output's sum as it is: what a client sees of the products
/// behind an output is uniform, but for their sum.
struct OutputMask {
    let layout: SlotLayout

    /// Uniform in [0, t) but for the last slot of each output, which makes its sum zero.
    func shares(modulus t: UInt64) -> [UInt64] {
        var source = SystemRandomNumberGenerator()
        var sums: [Int32: UInt64] = [:]
        var last: [Int32: Int] = [:]
        for (slot, output) in layout.features.enumerated() where output != SlotLayout.empty {
            last[output] = slot
        }
        var shares = layout.features.map { _ in UInt64.random(in: 0..<t, using: &source) }
        for (slot, output) in layout.features.enumerated()
        where output != SlotLayout.empty && last[output] != slot {
            sums[output] = ModularArithmetic.add(sums[output] ?? 0, shares[slot], modulo: t)
        }
        for (output, slot) in last {
            let sum = sums[output] ?? 0
            shares[slot] = sum == 0 ? 0 : t - sum
        }
        return shares
    }
}
