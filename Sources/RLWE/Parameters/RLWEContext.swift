import BigIntegers
import CKernels
import Ring
import Synchronization

/// Parameters with everything precomputed from them: tables, bases, constants. Immutable, shared
/// by all that computes; holds no secret.
public final class RLWEContext: Sendable {
    public let parameters: RLWEParameters
    /// `bases[l]` holds the first l ciphertext moduli (l from 1).
    private let bases: [RNSBasis]
    /// `extendedBases[l]`: the first l ciphertext moduli, then P.
    private let extendedBases: [RNSBasis]
    package let specialTable: NTTTable
    package let plaintexts: [PlaintextContext]
    /// P^-1 mod q_i.
    package let specialInverse: [UInt64]
    /// P mod q_i.
    package let specialResidue: [UInt64]
    /// `dropInverse[j][i]` = q_j^-1 mod q_i, for i < j.
    package let dropInverse: [[UInt64]]
    private let permutations = Mutex<[Int: GaloisPermutation]>([:])

    public init(_ parameters: RLWEParameters) throws {
        self.parameters = parameters
        let n = parameters.degree
        let tables = try parameters.ciphertextModuli.map { try NTTTable(modulus: $0, degree: n) }
        let special = try NTTTable(modulus: parameters.specialModulus, degree: n)
        specialTable = special
        bases = try (1...tables.count).map { try RNSBasis(tables: Array(tables[..<$0])) }
        extendedBases = try (1...tables.count).map {
            try RNSBasis(tables: Array(tables[..<$0]) + [special])
        }
        let whole = bases[bases.count - 1]
        plaintexts = try parameters.plaintexts.map {
            try PlaintextContext($0, parameters: parameters, basis: whole)
        }
        let moduli = parameters.ciphertextModuli
        specialResidue = moduli.map { parameters.specialModulus % $0 }
        specialInverse = moduli.map {
            ModularArithmetic.inverse(parameters.specialModulus % $0, modulo: $0)!
        }
        dropInverse = moduli.indices.map { j in
            (0..<j).map { ModularArithmetic.inverse(moduli[j] % moduli[$0], modulo: moduli[$0])! }
        }
    }

    public var degree: Int { parameters.degree }
    public var maximumLevel: Int { parameters.maximumLevel }

    package func basis(level: Int) -> RNSBasis { bases[level - 1] }

    package func extendedBasis(level: Int) -> RNSBasis { extendedBases[level - 1] }

    /// The permutation of NTT values for X -> X^element, made once and kept.
    package func permutation(element: Int) -> GaloisPermutation {
        permutations.withLock { cache in
            if let known = cache[element] { return known }
            let made = GaloisPermutation(element: element, degree: degree)
            cache[element] = made
            return made
        }
    }
}

/// What depends on one plaintext modulus.
package struct PlaintextContext: Sendable {
    package let table: NTTTable
    package let encoder: SlotEncoder
    /// pi modulo Q.
    package let generator: Polynomial<NTTValues>
    /// pi^-1 modulo Q.
    package let inverse: Polynomial<NTTValues>
    /// `negatedModulus[l - 1]` = -Q_l mod t: the factor that a multiplication at level l brings.
    private let negatedModulus: [UInt64]

    /// t.
    package var modulus: UInt64 { table.value }
    package var ideal: PlaintextModulus { encoder.modulus }

    fileprivate init(
        _ plaintext: PlaintextModulus, parameters: RLWEParameters, basis: RNSBasis
    ) throws {
        let t = plaintext.prime
        let n = parameters.degree
        table = try NTTTable(modulus: t, degree: n)
        encoder = SlotEncoder(table: table, modulus: plaintext)
        var coefficients = [Int64](repeating: 0, count: n)
        for (i, c) in plaintext.generator.enumerated() {
            coefficients[i * n / plaintext.index] = c
        }
        generator = Polynomial(signed: coefficients, basis: basis).forwardNTT()
        inverse = generator.inverted()
        var product: UInt64 = 1
        negatedModulus = parameters.ciphertextModuli.map {
            product = ModularArithmetic.multiply(product, $0 % t, modulo: t)
            return t - product
        }
    }

    /// -Q_l mod t, a unit.
    package func multiplicationFactor(level: Int) -> UInt64 { negatedModulus[level - 1] }
}

extension Polynomial where Form == NTTValues {
    /// The inverse, for polynomials of few distinct values: those in X^(N/k) have k a limb.
    /// - Precondition: it is a unit, as what has a prime norm is modulo any other prime.
    fileprivate func inverted() -> Polynomial {
        var out = Polynomial(uninitialized: basis)
        for (i, q) in basis.moduli.enumerated() {
            var known: [UInt64: UInt64] = [:]
            let words = words(ofLimb: i)
            let target = out.mutableLimb(i)
            for (j, word) in words.enumerated() {
                if let inverse = known[word] {
                    target[j] = inverse
                } else {
                    let inverse = ModularArithmetic.inverse(word, modulo: q)!
                    known[word] = inverse
                    target[j] = inverse
                }
            }
        }
        return out
    }
}
