// SPDX-License-Identifier: Apache-2.0

import BFV
import BigIntegers
import Lattice
import Oracle
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
    /// k of the plaintext moduli.
    var index = 1
    /// Of further special primes.
    var moreSpecialBits: [Int] = []

    var testDescription: String {
        "N \(degree), q \(ciphertextBits), P \([specialBits] + moreSpecialBits), t \(plaintextBits), k \(index), digits \(digitBits)"
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
        // Digits of several residues: two, one and two; of a lower level fewer.
        OracleCase(
            degree: 64, ciphertextBits: [49, 30, 25, 24, 26], specialBits: 49, plaintextBits: [13],
            digitBits: 79, levels: [1, 2, 3, 4, 5]),
        OracleCase(
            degree: 256, ciphertextBits: [30, 31, 32, 30, 31], specialBits: 49,
            plaintextBits: [17], digitBits: 100, levels: [2, 4, 5]),
        // Several special primes: wide digits that they hide, and digits of one residue each.
        OracleCase(
            degree: 64, ciphertextBits: [49, 30, 25, 24, 26], specialBits: 47, plaintextBits: [13],
            digitBits: 79, levels: [1, 2, 3, 5], moreSpecialBits: [40]),
        OracleCase(
            degree: 256, ciphertextBits: [30, 31, 32, 30, 31, 30], specialBits: 47,
            plaintextBits: [17, 16], digitBits: 130, levels: [1, 4, 6],
            moreSpecialBits: [47, 31, 49]),
        OracleCase(
            degree: 64, ciphertextBits: [45, 36, 36], specialBits: 30, plaintextBits: [13],
            digitBits: 36, levels: [2, 3], moreSpecialBits: [25]),
    ]

    /// 128-bit security.
    static let real = OracleCase(
        degree: 8192, ciphertextBits: [45, 36, 36, 36], specialBits: 45, plaintextBits: [17, 17],
        digitBits: 23, levels: [2, 4])

    /// Small rings with plaintext moduli of index k > 1.
    static let ideals = [
        OracleCase(
            degree: 16, ciphertextBits: [49, 40, 30, 30], specialBits: 49, plaintextBits: [12, 12],
            digitBits: 50, levels: [1, 2, 3, 4], index: 2),
        OracleCase(
            degree: 64, ciphertextBits: [49, 49, 25], specialBits: 35, plaintextBits: [25],
            digitBits: 12, levels: [1, 2, 3], index: 4),
        OracleCase(
            degree: 256, ciphertextBits: [45, 36, 36, 30], specialBits: 45,
            plaintextBits: [30, 29], digitBits: 20, levels: [1, 3, 4], index: 8),
        OracleCase(
            degree: 64, ciphertextBits: [49, 30, 28, 27], specialBits: 49, plaintextBits: [25],
            digitBits: 90, levels: [2, 3, 4], index: 4),
        OracleCase(
            degree: 64, ciphertextBits: [49, 30, 28, 27], specialBits: 45, plaintextBits: [25],
            digitBits: 120, levels: [2, 4], index: 4, moreSpecialBits: [44]),
        // One digit of 340 bits.
        OracleCase(
            degree: 64, ciphertextBits: [49, 49, 49, 49, 48, 48, 47], specialBits: 46,
            plaintextBits: [25], digitBits: 340, levels: [2, 7], index: 4,
            moreSpecialBits: [46, 46, 46, 45, 45, 44, 44]),
    ]

    /// 128-bit security, one t twice as long and a quarter of the slots.
    static let realIdeal = OracleCase(
        degree: 8192, ciphertextBits: [45, 36, 36, 36], specialBits: 45, plaintextBits: [35],
        digitBits: 23, levels: [2, 4], index: 4)

    static let everySmall = small + ideals
    static let all = everySmall + [real, realIdeal]
    static let circuits = [small[0], small[2], ideals[0], ideals[2], real, realIdeal]

    func parameters() throws -> BFVParameters {
        var used: Set<UInt64> = []
        func prime(_ bits: Int) throws -> UInt64 {
            let found = Primes.nttPrimes(
                bits: bits, count: 1, congruentTo1Modulo: UInt64(2 * degree), excluding: used)
            let prime = try #require(found.first, "no prime of \(bits) bits for N = \(degree)")
            used.insert(prime)
            return prime
        }
        let t = try plaintextBits.map { bits in
            while true {
                let found = PlaintextModulus.ideal(
                    prime: try prime(bits), index: index, degree: degree)
                if let found { return found }
            }
        }
        let q = try ciphertextBits.map(prime)
        let p = try ([specialBits] + moreSpecialBits).map(prime)
        if degree >= 8192 {
            return try BFVParameters(
                lattice: LatticeParameters(
                    degree: degree, ciphertextModuli: q, specialModuli: p), plaintexts: t)
        }
        return try BFVParameters(
            lattice: .insecure(degree: degree, ciphertextModuli: q, specialModuli: p),
            plaintexts: t)
    }
}

/// A case with its keys and the oracle under the same secret.
struct OracleBench {
    let context: BFVContext
    let secret: SecretKey
    let evaluator: Evaluator
    let encryptor: Encryptor
    let decryptor: Decryptor
    let levels: [Int]
    var generator: SplitMix64

    /// Those that the keys are for.
    let permutations: [SlotPermutation]

    /// - Parameter mixesWidths: whether every other permutation's key has narrower digits.
    init(
        _ testCase: OracleCase, seed: UInt64, needsKeys: Bool = false, mixesWidths: Bool = false
    ) throws {
        context = try BFVContext(testCase.parameters())
        let shape = context.parameters.slots
        permutations =
            shape.rows == 2
            ? [
                SlotPermutation(rotation: 1), SlotPermutation(rotation: 3), .swapRows,
                SlotPermutation(rotation: -2, swapsRows: true),
            ] : [1, 3, shape.columns / 2, -2].map(shape.rotation)
        secret = SecretKey(context: context)
        let gadget = Gadget(level: context.maximumLevel, digitBits: testCase.digitBits)
        let narrow = Gadget(
            level: context.maximumLevel,
            digitBits: mixesWidths ? testCase.digitBits - 2 : testCase.digitBits)
        var keys = EvaluationKeys(relinearization: nil, galois: [:])
        if needsKeys {
            keys = try KeyGenerator(secretKey: secret).evaluationKeys(
                EvaluationKeySpecification(
                    relinearization: gadget,
                    rotations: Dictionary(
                        uniqueKeysWithValues: permutations.enumerated().map {
                            ($1.normalized(degree: testCase.degree), $0 % 2 == 0 ? gadget : narrow)
                        })))
            keys = EvaluationKeys(
                relinearization: keys.relinearization, galois: keys.galois,
                rerandomization: try KeyGenerator(secretKey: secret).rerandomizationKey(
                    level: context.maximumLevel))
        }
        evaluator = Evaluator(context: context, keys: keys)
        encryptor = Encryptor(context: context, secretKey: secret)
        decryptor = Decryptor(context: context, secretKey: secret)
        levels = testCase.levels
        generator = SplitMix64(seed: seed)
    }

    var degree: Int { context.degree }

    var slotCount: Int { context.parameters.slots.slotCount }

    func t(_ index: Int) -> UInt64 { context.parameters.plaintextModuli[index] }

    func oracle(_ index: Int, level: Int) -> OracleBFV {
        OracleBFV(secret, context: context, plaintextIndex: index, level: level)
    }

    mutating func slots(_ index: Int) -> [UInt64] {
        (0..<slotCount).map { _ in generator.next() % t(index) }
    }

    /// Bits of what a coefficient can grow by in a product with the plaintext modulus: those of t for index 1.
    func plaintextBits(_ index: Int) -> Int {
        let sum = context.parameters.plaintexts[index].coefficientSum
        return UInt64(sum).bitWidthUsed
    }

    /// The plaintext polynomial, by the fast encoder (which has its own test against the naive one).
    func polynomial(_ slots: [UInt64], _ index: Int) -> BigPolynomial {
        BigPolynomial(context.plaintexts[index].encoder.encode(slots))
    }

    /// The message modulo pi that the fast path makes of slots. Where pi's norm is t there is only one; otherwise it is
    /// -m / Q modulo the norm, m being the small polynomial that goes into a ciphertext of modulus Q.
    func message(_ slots: [UInt64], _ index: Int, level: Int) -> BigPolynomial {
        let plaintext = context.parameters.plaintexts[index]
        guard !plaintext.hasPrimeNorm else { return polynomial(slots, index) }
        let norm = UInt64(exactly: plaintext.norm)!
        let q = context.parameters.modulus(level: level).residue(modulo: norm)
        let inverse = ModularArithmetic.inverse(norm - q, modulo: norm)!
        let small = context.scaled(slots, plaintextIndex: index, level: level)
        return BigInt(inverse) * BigPolynomial(small)
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
        guard context.parameters.slots.rows == 2 else {
            // One row: p(X^g) at a slot's point is p at the point's g-th power.
            let naive = OracleSlots(
                degree: degree, plaintextModulus: t(0), index: context.parameters.slots.index)
            let slotOf = Dictionary(
                uniqueKeysWithValues: naive.points.enumerated().map { ($1, $0) })
            let element = UInt64(permutation.galoisElement(degree: degree))
            return naive.points.map {
                slots[slotOf[ModularArithmetic.power($0, element, modulo: t(0))]!]
            }
        }
        let half = degree / 2
        return (0..<degree).map { s in
            let row = permutation.swapsRows ? 1 - s / half : s / half
            let column = ((s % half + permutation.rotation) % half + half) % half
            return slots[row * half + column]
        }
    }
}
