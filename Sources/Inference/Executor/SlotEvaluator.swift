import BFV
import BigIntegers

/// Operations on slots. A circuit is executed once, over this: by `EncryptedSlots` on ciphertexts, by
/// `ClearSlots` on integers (the oracle) and by `CostSlots` on counts and noise bounds (the planner); in the batch layout by
/// `EncryptedFeatures`, `ClearFeatures` and `CostFeatures`, whose values are vectors of ciphertexts.
///
/// An instance works modulo one t_i, or modulo all of them side by side. A layout's circuits have only its own steps: the others' are
/// never called.
public protocol SlotEvaluator {
    associatedtype Value
    /// A linear transform ready to be applied.
    associatedtype Transform
    /// Slots ready to be added.
    associatedtype Constant

    /// - Parameters:
    ///   - units: the factor that each source's values bring along; the transform divides by it.
    ///   - level: of the values that it will be applied to.
    func prepare(
        _ transform: LinearTransform, units: [MessageUnit], level: Int
    ) throws -> Transform
    func prepare(constant: [Int64], unit: MessageUnit, level: Int) throws -> Constant
    /// - Parameters:
    ///   - units: the factor that each source's values bring along.
    ///   - unit: the factor that the result shall bring along.
    func prepare(
        _ map: FeatureMap, units: [MessageUnit], unit: MessageUnit, level: Int
    ) throws -> Transform

    /// - Parameter values: the sources of the transform.
    func apply(_ transform: Transform, to values: [Value]) throws -> Value
    func add(_ constant: Constant, to value: Value) throws -> Value
    /// x y times -Q_l mod t, at level l.
    func multiply(_ a: Value, _ b: Value) throws -> Value
    /// x + sum of permutations of x.
    func fold(_ value: Value, _ permutations: [SlotPermutation]) throws -> Value
    func switchDown(_ value: Value, toLevel level: Int) throws -> Value
    /// Adds random shares of zero to the slots of each output of `layout`, anything to the others.
    func mask(_ value: Value, layout: SlotLayout) throws -> Value
    /// The same values in ciphertexts of two polynomials.
    func relinearize(_ value: Value) throws -> Value
    /// The same value, computed now if it was put off.
    func store(_ value: Value) throws -> Value
}

/// Evaluators of the latency layout.
extension SlotEvaluator {
    public func prepare(
        _ map: FeatureMap, units: [MessageUnit], unit: MessageUnit, level: Int
    ) throws -> Transform {
        preconditionFailure("a step of the batch layout")
    }

    public func relinearize(_ value: Value) throws -> Value {
        preconditionFailure("a step of the batch layout")
    }

    public func store(_ value: Value) throws -> Value { value }
}

/// Evaluators of the batch layout.
protocol FeatureEvaluator: SlotEvaluator where Constant == Never {}

extension FeatureEvaluator {
    public func prepare(
        _ transform: LinearTransform, units: [MessageUnit], level: Int
    ) throws -> Transform {
        preconditionFailure("a step of the latency layout")
    }

    public func prepare(constant: [Int64], unit: MessageUnit, level: Int) throws -> Never {
        preconditionFailure("a step of the latency layout")
    }

    public func add(_ constant: Never, to value: Value) throws -> Value {}

    public func fold(_ value: Value, _ permutations: [SlotPermutation]) throws -> Value {
        preconditionFailure("a step of the latency layout")
    }

    public func mask(_ value: Value, layout: SlotLayout) throws -> Value {
        preconditionFailure("a step of the latency layout")
    }
}

/// The unit modulo t by which slots differ from the network's integers: a product of powers of
/// -Q_l mod t, one a multiplication.
public struct MessageUnit: Sendable, Hashable {
    /// Level to exponent.
    private var exponents: [Int: UInt64] = [:]

    public static let one = MessageUnit()

    /// After a product at `level`.
    func times(_ other: MessageUnit, level: Int) -> MessageUnit {
        var out = self
        out.exponents.merge(other.exponents) { $0 + $1 }
        out.exponents[level, default: 0] += 1
        return out
    }

    /// Its value modulo the plaintext modulus.
    func value(_ parameters: BFVParameters, plaintextIndex: Int) -> UInt64 {
        let t = parameters.plaintextModuli[plaintextIndex]
        return exponents.reduce(1) { product, entry in
            let q = parameters.modulus(level: entry.key).residue(modulo: t)
            return ModularArithmetic.multiply(
                product, ModularArithmetic.power(t - q, entry.value, modulo: t), modulo: t)
        }
    }
}
