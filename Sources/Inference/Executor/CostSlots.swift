import RLWE

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

    /// A place where a key is used: a switch that adds noise of largest embedding `noise` about doubles what is
    /// there.
    struct Site {
        let permutations: [SlotPermutation]
        let relinearizes: Bool
        let level: Int
        let noise: Double
        let model: NoiseModel
    }

    private let parameters: RLWEParameters
    private let residues: ResidueSlots
    private let keys: EvaluationKeySpecification?
    private let norms: TransformNorms
    let model: NoiseModel
    private(set) var sites: [Site] = []
    public private(set) var counts = OperationCounts()

    /// - Parameter keys: nil while the planner looks for gadgets: key switches then add no noise, and sites
    ///   are recorded.
    init(
        parameters: RLWEParameters, plaintextIndex: Int, keys: EvaluationKeySpecification?,
        norms: TransformNorms
    ) {
        self.parameters = parameters
        self.keys = keys
        self.norms = norms
        residues = ResidueSlots(parameters: parameters, plaintextIndex: plaintextIndex)
        model = NoiseModel(
            degree: parameters.degree,
            plaintext: parameters.plaintexts[plaintextIndex])
    }

    /// A fresh ciphertext.
    public var input: Value { Value(level: parameters.maximumLevel, noise: model.fresh) }

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
        counts.plaintextMultiplications += transform.termCount
        let inputs = zip(values, prepared.gains).map { ($0.noise, $1) }
        let plain = NoiseBound.sum(inputs.map { $0.mapped(by: $1, degree: degree) })
        if transform.permutations(degree: degree).isEmpty {
            counts.plaintextProducts += 2 * transform.termCount * level
            return Value(level: level, noise: plain)
        }
        counts.plaintextProducts += 2 * transform.termCount * (level + 1)
        let giants = transform.giants.map(\.permutation).filter { !$0.isIdentity(degree: degree) }
        let after = plain.norms.largest
        var inner = NoiseNorms.zero
        for source in 0..<transform.sourceCount {
            let babies = transform.babies.filter { $0.source == source }.map(\.permutation)
                .filter { !$0.isIdentity(degree: degree) }
            let added = try switchKeys(
                babies, level: level, room: after / prepared.energy.squareRoot())
            inner = added.largest > inner.largest ? added : inner
        }
        var outer = NoiseNorms.zero
        for giant in giants {
            divideBySpecial(level: level, count: 1)
            let added = try switchKeys([giant], level: level, room: after / Double(giants.count))
            outer = added.largest > outer.largest ? added : outer
        }
        divideBySpecial(level: level, count: 2)
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
        counts.multiplications += 1
        sites.append(
            Site(
                permutations: [], relinearizes: true, level: level,
                noise: product.norms.mean * Double(parameters.degree).squareRoot(), model: model))
        let added = try switchKey(keys?.relinearization, level: level, decomposes: true)
        divideBySpecial(level: level, count: 2)
        return Value(level: level, noise: model.switchedKey(product, switching: added))
    }

    public func fold(_ value: Value, _ permutations: [SlotPermutation]) throws -> Value {
        let degree = parameters.degree
        let moved = permutations.filter { !$0.isIdentity(degree: degree) }
        let elements = Set([1] + moved.map { $0.galoisElement(degree: degree) })
        guard elements.count == permutations.count + 1 else {
            throw EvaluationError.mismatch("a fold that repeats a permutation")
        }
        let room = value.noise.norms.largest / Double(moved.count)
        let added = try switchKeys(moved, level: value.level, room: room)
        divideBySpecial(level: value.level, count: 2)
        return Value(
            level: value.level,
            noise: model.folded(value.noise, elements: elements, switching: added))
    }

    public func switchDown(_ value: Value, toLevel level: Int) throws -> Value {
        var out = value
        while out.level > level {
            let dropped = parameters.ciphertextModuli[out.level - 1]
            out.level -= 1
            counts.modulusSwitches += 1
            counts.inverseNTTs += 2
            counts.forwardNTTs += 2 * out.level
            out.noise = model.switched(out.noise, droppedModulus: dropped)
        }
        return out
    }

    public func mask(_ value: Value, layout: SlotLayout) throws -> Value {
        Value(level: value.level, noise: model.addingConstant(value.noise))
    }

    /// What `Evaluator.compress` does before rounding.
    func compress(_ value: Value) throws -> Value {
        let out = try switchDown(value, toLevel: 1)
        counts.inverseNTTs += 2
        return out
    }

    /// Switches that share a decomposition as long as their gadgets agree; the most noise that one adds.
    private func switchKeys(
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
            let gadget = keys?.rotations[permutation.normalized(degree: parameters.degree)]
            let added = try switchKey(
                gadget, level: level, decomposes: gadget == nil || gadget?.digitBits != digitBits)
            digitBits = gadget?.digitBits
            if added.largest > result.largest { result = added }
        }
        return result
    }

    private func switchKey(
        _ gadget: Gadget?, level: Int, decomposes: Bool
    ) throws -> NoiseNorms {
        counts.keySwitches += 1
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
            gadget.digitCount(modulusBits: 64 - $0.leadingZeroBitCount)
        }
        let digits = perLimb.reduce(0, +)
        counts.keyProducts += 2 * digits * (level + 1)
        if decomposes {
            counts.decompositions += 1
            counts.inverseNTTs += level
            counts.forwardNTTs += digits * (level + 1) - perLimb.filter { $0 == 1 }.count
        }
        return model.keySwitching(
            gadget: gadget, moduli: moduli, special: parameters.specialModulus)
    }

    private func divideBySpecial(level: Int, count: Int) {
        counts.specialDivisions += count
        counts.inverseNTTs += count
        counts.forwardNTTs += count * level
    }
}
