import RLWE

/// Counts operations and bounds noise without computing: the planner is the executor run on this.
/// Its counts equal those of `EncryptedSlots`; a test holds them together.
public final class CostSlots: SlotEvaluator {
    /// The bound on the phase noise (see `NoiseModel`) at a level.
    public struct Value: Sendable {
        public var level: Int
        public var noise: Double
    }

    public struct Transform {
        let transform: LinearTransform
        /// Of each giant: the most that its inner sum multiplies noise by.
        let gains: [Double]
    }

    /// A place where a key is used: `noise` is there already, so a switch that adds an eighth of it costs
    /// 0.17 bits.
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
            plaintextModulus: parameters.plaintextModuli[plaintextIndex])
    }

    /// A fresh ciphertext.
    public var input: Value { Value(level: parameters.maximumLevel, noise: model.fresh) }

    public func prepare(
        _ transform: LinearTransform, unit: MessageUnit, level: Int
    ) throws -> Transform {
        Transform(
            transform: transform, gains: norms.gains(of: transform, residues: residues, unit: unit))
    }

    public func prepare(constant: [Int64], unit: MessageUnit, level: Int) throws {}

    public func apply(_ prepared: Transform, to value: Value) throws -> Value {
        let degree = parameters.degree
        let transform = prepared.transform
        let level = value.level
        counts.plaintextMultiplications += transform.termCount
        if transform.permutations(degree: degree).isEmpty {
            counts.limbProducts += 2 * transform.termCount * level
            return Value(level: level, noise: value.noise * prepared.gains.reduce(0, +))
        }
        counts.limbProducts += 2 * transform.termCount * (level + 1)
        let babies = transform.babies.filter { !$0.isIdentity(degree: degree) }
        let hoisted = value.noise + switchKeys(babies, level: level, noise: value.noise).max
        var total = 0.0
        for (giant, gain) in zip(transform.giants, prepared.gains) {
            var noise = gain * hoisted
            if !giant.permutation.isIdentity(degree: degree) {
                divideBySpecial(level: level, count: 1)
                noise += model.roundingOfC1
                noise += switchKeys([giant.permutation], level: level, noise: noise).max
            }
            total = model.sum(total, noise)
        }
        divideBySpecial(level: level, count: 2)
        return Value(level: level, noise: model.sum(total, model.rounding))
    }

    public func add(_ constant: Void, to value: Value) throws -> Value {
        Value(level: value.level, noise: model.addingConstant(value.noise))
    }

    public func square(_ value: Value) throws -> Value {
        let level = value.level
        let product = model.product(value.noise, value.noise)
        counts.multiplications += 1
        sites.append(
            Site(
                permutations: [], relinearizes: true, level: level, noise: product,
                model: model))
        let added = switchKey(keys?.relinearization, level: level, decomposes: true)
        divideBySpecial(level: level, count: 2)
        return Value(level: level, noise: model.sum(product, added + model.rounding))
    }

    public func fold(_ value: Value, _ permutations: [SlotPermutation]) throws -> Value {
        let moved = permutations.filter { !$0.isIdentity(degree: parameters.degree) }
        let added = switchKeys(moved, level: value.level, noise: value.noise).sum
        divideBySpecial(level: value.level, count: 2)
        let sum = value.noise * Double(permutations.count + 1)
        return Value(level: value.level, noise: model.sum(sum, added + model.rounding))
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

    /// Switches that share a decomposition as long as their gadgets agree; the noise they add.
    private func switchKeys(
        _ permutations: [SlotPermutation], level: Int, noise: Double
    ) -> (max: Double, sum: Double) {
        guard !permutations.isEmpty else { return (0, 0) }
        sites.append(
            Site(
                permutations: permutations, relinearizes: false, level: level, noise: noise,
                model: model))
        var digitBits: Int?
        var result = (max: 0.0, sum: 0.0)
        for permutation in permutations {
            let gadget = keys?.rotations[permutation.normalized(degree: parameters.degree)]
            let added = switchKey(
                gadget, level: level, decomposes: gadget == nil || gadget?.digitBits != digitBits)
            digitBits = gadget?.digitBits
            result = (Swift.max(result.max, added), result.sum + added)
        }
        return result
    }

    private func switchKey(_ gadget: Gadget?, level: Int, decomposes: Bool) -> Double {
        counts.keySwitches += 1
        guard let gadget else { return 0 }
        let moduli = parameters.ciphertextModuli[..<level]
        let perLimb = moduli.map {
            gadget.digitCount(modulusBits: 64 - $0.leadingZeroBitCount)
        }
        let digits = perLimb.reduce(0, +)
        counts.limbProducts += 2 * digits * (level + 1)
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
