import BFV

/// Counts operations and bounds noise of the batch layout without computing. Its counts equal those of `EncryptedFeatures`.
///
/// One bound stands for all ciphertexts of a vector: the worst row of each map makes it.
final class CostFeatures: FeatureEvaluator {
    struct Value {
        var level: Int
        var noise: NoiseBound
        /// Ciphertexts.
        var count: Int
        /// Two, or three before relinearization.
        var polynomials: Int
        /// Limbs of c_1 to expand before it can be stored: what is put off begins at what the client sent.
        var expansions = 0
    }

    struct Transform {
        let map: FeatureMap
        let scaled: [Bool]
    }

    let ledger: CostLedger
    /// Of the largest vector that is stored, with what it is turned into.
    private(set) var storedLimbs = 0
    /// At most how many random events the bounds of fresh ciphertexts, and of sums of them, rest on.
    private(set) var events = 0
    private let modulus: UInt64

    init(
        parameters: BFVParameters, plaintextIndex: Int, keys: EvaluationKeySpecification?
    ) {
        ledger = CostLedger(parameters: parameters, plaintextIndex: plaintextIndex, keys: keys)
        modulus = parameters.plaintextModuli[plaintextIndex]
    }

    /// Fresh ciphertexts.
    func input(count: Int) -> Value {
        let level = ledger.parameters.maximumLevel
        events += 2 * count
        return Value(
            level: level, noise: ledger.model.freshFeature, count: count, polynomials: 2,
            expansions: count * level)
    }

    func prepare(
        _ map: FeatureMap, units: [MessageUnit], unit: MessageUnit, level: Int
    ) throws -> Transform { Transform(map: map, scaled: units.map { $0 != unit }) }

    func apply(_ transform: Transform, to values: [Value]) throws -> Value {
        let map = transform.map
        let level = values[0].level
        var products = 0
        for column in map.matrix.columnIndices {
            products += values[map.source(of: column)].polynomials
        }
        ledger.counts.smallProducts += products * level
        // Of each part of each source's noise, each row bounds two norms.
        events += 2 * map.outputCount * values.reduce(0) { $0 + $1.noise.components.count }
        return Value(
            level: level,
            noise: ledger.model.mapped(
                values.map(\.noise), by: map, scaled: transform.scaled, modulus: modulus),
            count: map.outputCount, polynomials: values.map(\.polynomials).max()!,
            expansions: values.map(\.expansions).max()!)
    }

    func multiply(_ a: Value, _ b: Value) throws -> Value {
        ledger.counts.multiplications += a.count
        ledger.counts.tensorProducts += a.count * a.level
        return Value(
            level: a.level, noise: ledger.model.product(a.noise, b.noise), count: a.count,
            polynomials: 3, expansions: max(a.expansions, b.expansions))
    }

    func store(_ value: Value) throws -> Value {
        var out = value
        ledger.counts.expansions += value.expansions
        out.expansions = 0
        storedLimbs = max(storedLimbs, 2 * value.count * value.polynomials * value.level)
        return out
    }

    func relinearize(_ value: Value) throws -> Value {
        let value = try store(value)
        let noise = try ledger.relinearize(value.noise, level: value.level, count: value.count)
        return Value(
            level: value.level,
            noise: noise.dependent(from: value.noise.components.count), count: value.count,
            polynomials: 2)
    }

    func switchDown(_ value: Value, toLevel level: Int) throws -> Value {
        var out = try store(value)
        // The bound on what rounding adds knows two polynomials.
        precondition(value.polynomials == 2, "moduli are dropped after relinearization")
        out.noise = ledger.switchDown(
            value.noise, from: value.level, to: level, count: value.count
        ).dependent(from: value.noise.components.count)
        out.level = level
        return out
    }
}
