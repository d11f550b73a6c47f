import BigIntegers
import Ring

/// The public parameters of the scheme: everything that client and server must agree on.
public struct RLWEParameters: Sendable, Hashable {
    /// Ring degree N, a power of two.
    public let degree: Int
    /// The ciphertext moduli q_0, q_1, ..., NTT primes below 2^50. A ciphertext at level l has the
    /// first l of them; modulus switching drops from the end.
    public let ciphertextModuli: [UInt64]
    /// The special prime P of key switching. Never part of a ciphertext.
    public let specialModulus: UInt64
    /// The plaintext moduli, all of one index, over pairwise distinct primes t_i congruent to 1 modulo 2N.
    public let plaintexts: [PlaintextModulus]
    /// The primes t_i.
    public let plaintextModuli: [UInt64]
    /// The level that was asked for and holds.
    public let security: SecurityLevel

    /// Parameters of at least 128-bit security (2024 table, exact comparison of QP).
    /// - Throws: `ParameterError`.
    public init(
        degree: Int, ciphertextModuli: [UInt64], specialModulus: UInt64,
        plaintexts: [PlaintextModulus], security: SecurityLevel = .bits128
    ) throws {
        guard security >= .bits128 else { throw ParameterError.insecureLevel }
        try self.init(checked: degree, ciphertextModuli, specialModulus, plaintexts, security)
    }

    /// With plaintext moduli of index 1: N slots modulo each of these primes.
    public init(
        degree: Int, ciphertextModuli: [UInt64], specialModulus: UInt64,
        plaintextModuli: [UInt64], security: SecurityLevel = .bits128
    ) throws {
        try self.init(
            degree: degree, ciphertextModuli: ciphertextModuli, specialModulus: specialModulus,
            plaintexts: plaintextModuli.map { PlaintextModulus(prime: $0) }, security: security)
    }

    /// Parameters with no security claim, for tests of small rings.
    public static func insecure(
        degree: Int, ciphertextModuli: [UInt64], specialModulus: UInt64,
        plaintexts: [PlaintextModulus]
    ) throws -> RLWEParameters {
        try RLWEParameters(
            checked: degree, ciphertextModuli, specialModulus, plaintexts, .insecure)
    }

    /// Parameters with no security claim and plaintext moduli of index 1.
    public static func insecure(
        degree: Int, ciphertextModuli: [UInt64], specialModulus: UInt64,
        plaintextModuli: [UInt64]
    ) throws -> RLWEParameters {
        try .insecure(
            degree: degree, ciphertextModuli: ciphertextModuli, specialModulus: specialModulus,
            plaintexts: plaintextModuli.map { PlaintextModulus(prime: $0) })
    }

    private init(
        checked degree: Int, _ ciphertextModuli: [UInt64], _ specialModulus: UInt64,
        _ plaintexts: [PlaintextModulus], _ security: SecurityLevel
    ) throws {
        let plaintextModuli = plaintexts.map(\.prime)
        guard degree >= 8, degree <= 65536, degree & (degree - 1) == 0 else {
            throw ParameterError.degree(degree)
        }
        guard (1...64).contains(ciphertextModuli.count) else {
            throw ParameterError.count("ciphertext moduli", ciphertextModuli.count)
        }
        guard (1...64).contains(plaintextModuli.count) else {
            throw ParameterError.count("plaintext moduli", plaintextModuli.count)
        }
        let all = ciphertextModuli + [specialModulus] + plaintextModuli
        var seen = Set<UInt64>()
        for modulus in all {
            guard modulus > 1 << 10, modulus < 1 << 50, modulus % UInt64(2 * degree) == 1,
                Primes.isPrime(modulus)
            else { throw ParameterError.modulus(modulus, degree: degree) }
            guard seen.insert(modulus).inserted else {
                throw ParameterError.repeatedModulus(modulus)
            }
        }
        for plaintext in plaintexts {
            guard plaintext.index == plaintexts[0].index, plaintext.isValid(degree: degree) else {
                throw ParameterError.plaintext(plaintext.prime, degree: degree)
            }
        }
        self.degree = degree
        self.plaintexts = plaintexts
        self.ciphertextModuli = ciphertextModuli
        self.specialModulus = specialModulus
        self.plaintextModuli = plaintextModuli
        self.security = security
        guard SecurityTable.allows(modulus: keyModulus, degree: degree, level: security) else {
            throw ParameterError.tooLargeForSecurity(
                bits: keyModulus.bitLength, degree: degree, level: security.rawValue,
                maximum: SecurityTable.maximumBits(degree: degree, level: security) ?? 0)
        }
    }

    /// Q_l, the product of the first `level` ciphertext moduli.
    public func modulus(level: Int) -> BigInt {
        ciphertextModuli.prefix(level).reduce(BigInt(1)) { $0 * BigInt($1) }
    }

    /// Q, of a fresh ciphertext.
    public var ciphertextModulus: BigInt { modulus(level: ciphertextModuli.count) }

    /// QP, the modulus that security depends on.
    public var keyModulus: BigInt { ciphertextModulus * BigInt(specialModulus) }

    /// T, the product of the plaintext moduli: results are exact modulo T.
    public var plaintextModulus: BigInt {
        plaintextModuli.reduce(BigInt(1)) { $0 * BigInt($1) }
    }

    /// How many slots there are, and how they move.
    public var slots: SlotShape { SlotShape(degree: degree, index: plaintexts[0].index) }

    /// The number of ciphertext moduli; a fresh ciphertext has this level.
    public var maximumLevel: Int { ciphertextModuli.count }
}

/// Why parameters were refused.
public enum ParameterError: Error, Equatable, CustomStringConvertible {
    case degree(Int)
    case count(String, Int)
    case modulus(UInt64, degree: Int)
    case repeatedModulus(UInt64)
    case plaintext(UInt64, degree: Int)
    case insecureLevel
    case tooLargeForSecurity(bits: Int, degree: Int, level: Int, maximum: Int)

    public var description: String {
        switch self {
        case .degree(let n):
            return "ring degree \(n) is not a power of two from 8 to 65536"
        case .count(let what, let count):
            return "\(count) \(what); there must be 1 to 64"
        case .modulus(let q, let n):
            return "modulus \(q) is not a prime below 2^50 that is 1 modulo \(2 * n)"
        case .repeatedModulus(let q):
            return "modulus \(q) appears twice; all moduli must be distinct"
        case .plaintext(let t, let n):
            return
                "the plaintext modulus above \(t) does not generate its ideal at N = \(n), or of "
                + "another index than the first"
        case .insecureLevel:
            return "parameters below 128-bit security must be made with RLWEParameters.insecure"
        case .tooLargeForSecurity(let bits, let n, let level, let maximum):
            return "QP has \(bits) bits; at N = \(n), \(level)-bit security allows 2^\(maximum)"
        }
    }
}
