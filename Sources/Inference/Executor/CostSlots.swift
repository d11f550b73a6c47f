import BFV

/// Counts operations and bounds noise without computing: the planner is the executor run on this.
/// Its counts equal those of `EncryptedSlots`; a test holds them together.
public final class CostSlots: SlotEvaluator {
    /// The bound on the phase noise (see `NoiseModel`) at a level.
    public struct Value: Sendable {
        public var level: Int
        package var noise: NoiseBound
    }

    public struct Transform {
        let transform: LinearTransform
        /// Of each source.
        let gains: [TransformGain]

        var energy: Double { gains.reduce(0) { $0 + $1.energy } }
    }

    private let residues: ResidueSlots
    private let norms: TransformNorms
    let ledger: CostLedger
    private var parameters: BFVParameters { ledger.parameters }
    private var model: NoiseModel { ledger.model }
    public var counts: OperationCounts { ledger.counts }

    /// - Parameter keys: nil while the planner looks for gadgets: key switches then add no noise, and sites
    ///   are recorded.
    init(
        parameters: BFVParameters, plaintextIndex: Int, keys: EvaluationKeySpecification?,
        norms: TransformNorms
    ) {
        self.norms = norms
        residues = ResidueSlots(parameters: parameters, plaintextIndex: plaintextIndex)
        ledger = CostLedger(
            parameters: parameters, plaintextIndex: plaintextIndex, keys: keys)
    }

    /// A fresh ciphertext.
    var input: Value { Value(level: parameters.maximumLevel, noise: model.fresh) }

    public func prepare(
        _ transform: LinearTransform, units: [MessageUnit], level: Int
    ) throws -> Transform {
        Transform(
            transform: transform,
            gains: norms.gains(of: transform, residues: residues, units: units))
    }

    public func prepare(constant: [Int64], unit: MessageUnit, level: Int) throws {}

    public func apply(_ prepared: Transform, to values: [Value]) throws -> Value {
        let degree = parameters.degree
        let transform = prepared.transform
        let level = values[0].level
        ledger.counts.plaintextMultiplications += transform.termCount
        let inputs = zip(values, prepared.gains).map { ($0.noise, $1) }
        let plain = NoiseBound.sum(inputs.map { $0.mapped(by: $1, degree: degree) })
        if transform.permutations(degree: degree).isEmpty {
            ledger.counts.plaintextProducts += 2 * transform.termCount * level
            return Value(level: level, noise: plain)
        }
        ledger.counts.plaintextProducts += 2 * transform.termCount * (level + 1)
        let giants = transform.giants.map(\.permutation).filter { !$0.isIdentity(degree: degree) }
        let after = plain.norms.largest
        var inner = NoiseNorms.zero
        for source in 0..<transform.sourceCount {
            let babies = transform.babies.filter { $0.source == source }.map(\.permutation)
                .filter { !$0.isIdentity(degree: degree) }
            let added = try ledger.switchKeys(
                babies, level: level, room: after / prepared.energy.squareRoot())
            inner = added.largest > inner.largest ? added : inner
        }
        var outer = NoiseNorms.zero
        for giant in giants {
            ledger.divideBySpecial(level: level, count: 1)
            let added = try ledger.switchKeys(
                [giant], level: level, room: after / Double(giants.count))
            outer = added.largest > outer.largest ? added : outer
        }
        ledger.divideBySpecial(level: level, count: 2)
        let noise = model.mapped(
            inputs, babies: inner, giants: outer, giantCount: giants.count)
        return Value(level: level, noise: model.divided(noise))
    }

    public func add(_ constant: Void, to value: Value) throws -> Value {
        Value(level: value.level, noise: model.addingConstant(value.noise))
    }

    public func multiply(_ a: Value, _ b: Value) throws -> Value {
        let level = a.level
        let product = model.product(a.noise, b.noise)
        ledger.counts.multiplications += 1
        return Value(level: level, noise: try ledger.relinearize(product, level: level))
    }

    public func fold(_ value: Value, _ permutations: [SlotPermutation]) throws -> Value {
        let degree = parameters.degree
        let moved = permutations.filter { !$0.isIdentity(degree: degree) }
        let elements = Set([1] + moved.map { $0.galoisElement(degree: degree) })
        guard elements.count == permutations.count + 1 else {
            throw EvaluationError.mismatch("a fold that repeats a permutation")
        }
        let room = value.noise.norms.largest / Double(moved.count)
        let added = try ledger.switchKeys(moved, level: value.level, room: room)
        ledger.divideBySpecial(level: value.level, count: 2)
        return Value(
            level: value.level,
            noise: model.folded(value.noise, elements: elements, switching: added))
    }

    public func switchDown(_ value: Value, toLevel level: Int) throws -> Value {
        Value(
            level: level,
            noise: ledger.switchDown(value.noise, from: value.level, to: level))
    }

    public func mask(_ value: Value, layout: SlotLayout) throws -> Value {
        Value(level: value.level, noise: model.addingConstant(value.noise))
    }
}
