// SPDX-License-Identifier: Apache-2.0

import BigIntegers

/// What keys depend on: the ring, the moduli and the security that they give. Nothing here knows of messages.
package struct LatticeParameters: Sendable, Hashable {
    /// Ring degree N, a power of two from 8 to 65536.
    package let degree: Int
    /// The ciphertext moduli q_0, q_1, ..., NTT primes below 2^50. A ciphertext at level l has the
    /// first l of them; modulus switching drops from the end.
    package let ciphertextModuli: [UInt64]
    /// The special primes of key switching, one or several, whose product is P. Never part of a ciphertext.
    package let specialModuli: [UInt64]
    /// The level that was asked for and holds.
    package let security: SecurityLevel

    /// Parameters of at least 128-bit security (2024 table, exact comparison of QP).
    /// - Throws: `ParameterError`.
    package init(
        degree: Int, ciphertextModuli: [UInt64], specialModuli: [UInt64],
        security: SecurityLevel = .bits128
    ) throws {
        guard security >= .bits128 else { throw ParameterError.insecureLevel }
        try self.init(checked: degree, ciphertextModuli, specialModuli, security)
    }

    /// With one special prime.
    /// - Throws: `ParameterError`.
    package init(
        degree: Int, ciphertextModuli: [UInt64], specialModulus: UInt64,
        security: SecurityLevel = .bits128
    ) throws {
        try self.init(
            degree: degree, ciphertextModuli: ciphertextModuli, specialModuli: [specialModulus],
            security: security)
    }

    /// Parameters with no security claim, for tests of small rings.
    /// - Throws: `ParameterError`.
    package static func insecure(
        degree: Int, ciphertextModuli: [UInt64], specialModuli: [UInt64]
    ) throws -> LatticeParameters {
        try LatticeParameters(checked: degree, ciphertextModuli, specialModuli, .insecure)
    }

    /// The same with one special prime.
    /// - Throws: `ParameterError`.
    package static func insecure(
        degree: Int, ciphertextModuli: [UInt64], specialModulus: UInt64
    ) throws -> LatticeParameters {
        try .insecure(
            degree: degree, ciphertextModuli: ciphertextModuli, specialModuli: [specialModulus])
    }

    /// Special primes, at most.
    package static let mostSpecialModuli = 16

    private init(
        checked degree: Int, _ ciphertextModuli: [UInt64], _ specialModuli: [UInt64],
        _ security: SecurityLevel
    ) throws {
        guard degree >= 8, degree <= 65536, degree & (degree - 1) == 0 else {
            throw ParameterError.degree(degree)
        }
        guard (1...64).contains(ciphertextModuli.count) else {
            throw ParameterError.count("ciphertext moduli", ciphertextModuli.count)
        }
        guard (1...Self.mostSpecialModuli).contains(specialModuli.count) else {
            throw ParameterError.count("special moduli", specialModuli.count)
        }
        var seen = Set<UInt64>()
        for modulus in ciphertextModuli + specialModuli {
            try Self.check(modulus, degree: degree, seen: &seen)
        }
        self.degree = degree
        self.ciphertextModuli = ciphertextModuli
        self.specialModuli = specialModuli
        self.security = security
        guard SecurityTable.allows(modulus: keyModulus, degree: degree, level: security) else {
            throw ParameterError.tooLargeForSecurity(
                bits: keyModulus.bitLength, degree: degree, level: security.rawValue,
                maximum: SecurityTable.maximumBits(degree: degree, level: security) ?? 0)
        }
    }

    /// Throws unless `modulus` is an NTT prime in range that is not in `seen`, and adds it there.
    package static func check(_ modulus: UInt64, degree: Int, seen: inout Set<UInt64>) throws {
        guard modulus > 1 << 10, modulus < 1 << 50, modulus % UInt64(2 * degree) == 1,
            Primes.isPrime(modulus)
        else { throw ParameterError.modulus(modulus, degree: degree) }
        guard seen.insert(modulus).inserted else { throw ParameterError.repeatedModulus(modulus) }
    }

    /// Q_l, the product of the first `level` ciphertext moduli.
    package func modulus(level: Int) -> BigInt {
        ciphertextModuli.prefix(level).reduce(BigInt(1)) { $0 * BigInt($1) }
    }

    /// Q, of a fresh ciphertext.
    package var ciphertextModulus: BigInt { modulus(level: ciphertextModuli.count) }

    /// QP, the modulus that security depends on.
    package var keyModulus: BigInt { ciphertextModulus * specialModulus }

    /// Bits of the special primes.
    package var specialBits: Int { specialModuli.reduce(0) { $0 + $1.bitWidthUsed } }

    /// P.
    package var specialModulus: BigInt { specialModuli.reduce(BigInt(1)) { $0 * BigInt($1) } }

    /// The number of ciphertext moduli; a fresh ciphertext has this level.
    package var maximumLevel: Int { ciphertextModuli.count }
}
