import BigIntegers
import RLWE
import TestSupport
import Testing

/// A parameter set on which the fast path meets the oracle. Moduli are the largest primes of the given bits.
struct OracleCase: Sendable, CustomTestStringConvertible {
    let degree: Int
    let ciphertextBits: [Int]
    let specialBits: Int
    let plaintextBits: [Int]
    let digitBits: Int
    /// Levels at which operations are compared.
    let levels: [Int]

    var testDescription: String {
        "N \(degree), q \(ciphertextBits), P \(specialBits), t \(plaintextBits), digits \(digitBits)"
    }

    /// Small rings, no security: one digit a limb, several, uneven limbs, several t.
    static let small = [
        OracleCase(
            degree: 16, ciphertextBits: [49, 40, 30, 30], specialBits: 49, plaintextBits: [12, 12],
            digitBits: 50, levels: [1, 2, 3, 4]),
        OracleCase(
            degree: 64, ciphertextBits: [49, 49, 25], specialBits: 35, plaintextBits: [13],
            digitBits: 12, levels: [1, 2, 3]),
        OracleCase(
            degree: 256, ciphertextBits: [45, 36, 36, 30], specialBits: 45,
            plaintextBits: [17, 16, 17], digitBits: 20, levels: [1, 3, 4]),
        OracleCase(
            degree: 1024, ciphertextBits: [40, 37, 37], specialBits: 40, plaintextBits: [17],
            digitBits: 37, levels: [2, 3]),
    ]

    /// 128-bit security.
    static let real = OracleCase(
        degree: 8192, ciphertextBits: [45, 36, 36, 36], specialBits: 45, plaintextBits: [17, 17],
        digitBits: 23, levels: [2, 4])

    static let all = small + [real]

    func parameters() throws -> RLWEParameters {
        var used: Set<UInt64> = []
        func prime(_ bits: Int) throws -> UInt64 {
            let found = Primes.nttPrimes(
                bits: bits, count: 1, congruentTo1Modulo: UInt64(2 * degree), excluding: used)
            let prime = try #require(found.first, "no prime of \(bits) bits for N = \(degree)")
            used.insert(prime)
            return prime
        }
        let t = try plaintextBits.map(prime)
        let q = try ciphertextBits.map(prime)
        let p = try prime(specialBits)
        if degree >= 8192 {
            return try RLWEParameters(
                degree: degree, ciphertextModuli: q, specialModulus: p, plaintextModuli: t)
        }
        return try RLWEParameters.insecure(
            degree: degree, ciphertextModuli: q, specialModulus: p, plaintextModuli: t)
    }
}

/// A case with its keys and the oracle under the same secret.
struct OracleBench {
    let context: RLWEContext
    let secret: SecretKey
    let evaluator: Evaluator
    let encryptor: Encryptor
    let decryptor: Decryptor
    let levels: [Int]
    var generator: SplitMix64

    static let permutations = [
        SlotPermutation(rotation: 1), SlotPermutation(rotation: 3), .swapRows,
        SlotPermutation(rotation: -2, swapsRows: true),
    ]

    init(_ testCase: OracleCase, seed: UInt64, needsKeys: Bool = false) throws {
        context = try RLWEContext(testCase.parameters())
        secret = SecretKey(context: context)
        let gadget = Gadget(level: context.maximumLevel, digitBits: testCase.digitBits)
        var keys = EvaluationKeys(relinearization: nil, galois: [:])
        if needsKeys {
            keys = try KeyGenerator(secretKey: secret).evaluationKeys(
                EvaluationKeySpecification(
                    relinearization: gadget,
                    rotations: Dictionary(
                        uniqueKeysWithValues: Self.permutations.map {
                            ($0.normalized(degree: testCase.degree), gadget)
                        })))
        }
        evaluator = Evaluator(context: context, keys: keys)
        encryptor = Encryptor(secretKey: secret)
        decryptor = Decryptor(secretKey: secret)
        levels = testCase.levels
        generator = SplitMix64(seed: seed)
    }

    var degree: Int { context.degree }

    func t(_ index: Int) -> UInt64 { context.parameters.plaintextModuli[index] }

    func oracle(_ index: Int, level: Int) -> OracleBFV {
        OracleBFV(secret, plaintextIndex: index, level: level)
    }

    mutating func slots(_ index: Int) -> [UInt64] {
        (0..<degree).map { _ in generator.next() % t(index) }
    }

    /// The plaintext polynomial, by the fast encoder (which has its own test against the naive one).
    func polynomial(_ slots: [UInt64], _ index: Int) -> BigPolynomial {
        BigPolynomial(context.plaintexts[index].encoder.encode(slots))
    }

    /// Decrypted by the oracle, decoded.
    func oracleSlots(_ c: OracleCiphertext, _ index: Int, level: Int) -> [UInt64] {
        let message = oracle(index, level: level).decrypt(c)
        return context.plaintexts[index].encoder.decode(
            message.coefficients.map { UInt64(exactly: $0)! })
    }

    func oracleSlots(_ c: Ciphertext) -> [UInt64] {
        oracleSlots(OracleCiphertext(c), c.plaintextIndex, level: c.level)
    }

    /// Decrypted by the fast path.
    func fastSlots(_ c: OracleCiphertext, _ index: Int, level: Int) throws -> [UInt64] {
        decryptor.decrypt(c.ciphertext(context, plaintextIndex: index, level: level)).slots
    }

    func fastSlots(_ c: Ciphertext) -> [UInt64] { decryptor.decrypt(c).slots }

    /// a * b * factor in each slot.
    func product(_ a: [UInt64], _ b: [UInt64], _ index: Int, factor: UInt64 = 1) -> [UInt64] {
        let t = t(index)
        return zip(a, b).map {
            ModularArithmetic.multiply(
                ModularArithmetic.multiply($0, $1, modulo: t), factor, modulo: t)
        }
    }

    /// The slots after a permutation, by its definition.
    func permuted(_ slots: [UInt64], _ permutation: SlotPermutation) -> [UInt64] {
        let half = degree / 2
        return (0..<degree).map { s in
            let row = permutation.swapsRows ? 1 - s / half : s / half
            let column = ((s % half + permutation.rotation) % half + half) % half
            return slots[row * half + column]
        }
    }
}
