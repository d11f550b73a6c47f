import BFV
import BigIntegers

/// The same slots in the open, modulo t: the oracle of `EncryptedSlots`. Slow and obvious.
public struct ClearSlots: SlotEvaluator, Sendable {
    /// Slots in [0, t), and the level that a ciphertext would have.
    public struct Value: Sendable, Equatable {
        public var slots: [UInt64]
        public var level: Int
    }

    public struct Transform: Sendable {
        let transform: LinearTransform
        /// Weights of each term modulo t, in the transform's order.
        let weights: [[[UInt64]]]
    }

    private let residues: ResidueSlots
    private var t: UInt64 { residues.modulus }

    public init(parameters: BFVParameters, plaintextIndex: Int) {
        residues = ResidueSlots(parameters: parameters, plaintextIndex: plaintextIndex)
    }

    public func value(of integers: [Int64]) -> Value {
        Value(
            slots: residues.multiply(integers, by: .one),
            level: residues.parameters.maximumLevel)
    }

    public func prepare(
        _ transform: LinearTransform, units: [MessageUnit], level: Int
    ) throws -> Transform {
        Transform(
            transform: transform,
            weights: transform.giants.map { giant in
                giant.terms.map { term in
                    residues.divide(
                        term.weights, by: units[transform.babies[term.baby].source])
                }
            })
    }

    public func prepare(
        constant: [Int64], unit: MessageUnit, level: Int
    ) throws -> [UInt64] { residues.multiply(constant, by: unit) }

    public func apply(_ transform: Transform, to values: [Value]) throws -> Value {
        let babies = transform.transform.babies.map {
            permute(values[$0.source].slots, $0.permutation)
        }
        var total = [UInt64](repeating: 0, count: values[0].slots.count)
        for (giant, weights) in zip(transform.transform.giants, transform.weights) {
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

    public func add(_ constant: [UInt64], to value: Value) throws -> Value {
        Value(slots: added(value.slots, constant), level: value.level)
    }

    public func multiply(_ a: Value, _ b: Value) throws -> Value {
        let unit = MessageUnit.one.times(.one, level: a.level)
            .value(residues.parameters, plaintextIndex: residues.plaintextIndex)
        return Value(
            slots: zip(a.slots, b.slots).map {
                ModularArithmetic.multiply(
                    ModularArithmetic.multiply($0, $1, modulo: t), unit, modulo: t)
            },
            level: a.level)
    }

    public func fold(_ value: Value, _ permutations: [SlotPermutation]) throws -> Value {
        Value(
            slots: permutations.reduce(value.slots) { added($0, permute(value.slots, $1)) },
            level: value.level)
    }

    public func switchDown(_ value: Value, toLevel level: Int) throws -> Value {
        Value(slots: value.slots, level: level)
    }

    /// Shares of zero add nothing to an output: here they are all zero.
    public func mask(_ value: Value, layout: SlotLayout) throws -> Value { value }

    private func added(_ a: [UInt64], _ b: [UInt64]) -> [UInt64] {
        zip(a, b).map { ModularArithmetic.add($0, $1, modulo: t) }
    }

    private func permute(_ slots: [UInt64], _ permutation: SlotPermutation) -> [UInt64] {
        let shape = residues.parameters.slots
        return slots.indices.map { slots[shape.source(of: $0, under: permutation)!] }
    }
}
