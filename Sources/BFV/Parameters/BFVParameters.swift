// SPDX-License-Identifier: Apache-2.0

import BigIntegers
import Lattice
import Ring

/// The public parameters of the scheme: everything that client and server must agree on.
public struct BFVParameters: Sendable, Hashable {
    /// The ring and its moduli: what keys depend on.
    package let lattice: LatticeParameters
    /// The plaintext moduli, all of one index, over pairwise distinct primes t_i congruent to 1 modulo 2N.
    package let plaintexts: [PlaintextModulus]
    /// The primes t_i.
    package let plaintextModuli: [UInt64]

    /// Messages over a lattice.
    /// - Parameter plaintexts: 1 to 64, of one index, over primes that are no moduli of the lattice.
    /// - Throws: `ParameterError`.
    package init(lattice: LatticeParameters, plaintexts: [PlaintextModulus]) throws {
        try self.init(
            lattice: lattice,
            plaintexts: PlaintextModuliOfDegree(plaintexts, degree: lattice.degree))
    }

    /// Messages that were checked, over a lattice of their degree.
    /// - Throws: `ParameterError` where the lattice has one of their primes.
    package init(lattice: LatticeParameters, plaintexts: PlaintextModuliOfDegree) throws {
        precondition(lattice.degree == plaintexts.degree, "plaintext moduli of another degree")
        let taken = Set(lattice.ciphertextModuli + lattice.specialModuli)
        for prime in plaintexts.primes where taken.contains(prime) {
            throw ParameterError.repeatedModulus(prime)
        }
        self.lattice = lattice
        self.plaintexts = plaintexts.moduli
        plaintextModuli = plaintexts.primes
    }

    /// Parameters of at least 128-bit security (2024 table, exact comparison of QP).
    /// - Throws: `ParameterError`.
    package init(
        degree: Int, ciphertextModuli: [UInt64], specialModulus: UInt64,
        plaintexts: [PlaintextModulus], security: SecurityLevel = .bits128
    ) throws {
        try self.init(
            lattice: LatticeParameters(
                degree: degree, ciphertextModuli: ciphertextModuli, specialModulus: specialModulus,
                security: security), plaintexts: plaintexts)
    }

    /// Own moduli, checked to have 128-bit security: N slots modulo each of the plaintext moduli.
    ///
    /// - Parameters:
    ///   - degree: N, a power of two from 1024 to 32768.
    ///   - ciphertextModuli: primes below 2^50 that are 1 modulo 2N, the last one dropped first.
    ///   - specialModulus: another such prime, for keys.
    ///   - plaintextModuli: 1 to 64 other such primes.
    /// - Throws: an error that says which of them doesn't fit, or that they are too large to be secure.
    public init(
        degree: Int, ciphertextModuli: [UInt64], specialModulus: UInt64, plaintextModuli: [UInt64]
    ) throws {
        try self.init(
            degree: degree, ciphertextModuli: ciphertextModuli, specialModulus: specialModulus,
            plaintextModuli: plaintextModuli, security: .bits128)
    }

    /// The same with at least this security.
    package init(
        degree: Int, ciphertextModuli: [UInt64], specialModulus: UInt64,
        plaintextModuli: [UInt64], security: SecurityLevel
    ) throws {
        try self.init(
            degree: degree, ciphertextModuli: ciphertextModuli, specialModulus: specialModulus,
            plaintexts: plaintextModuli.map { PlaintextModulus(prime: $0) }, security: security)
    }

    /// Parameters with no security claim, for tests of small rings.
    /// - Throws: `ParameterError`.
    package static func insecure(
        degree: Int, ciphertextModuli: [UInt64], specialModulus: UInt64,
        plaintexts: [PlaintextModulus]
    ) throws -> BFVParameters {
        try BFVParameters(
            lattice: .insecure(
                degree: degree, ciphertextModuli: ciphertextModuli, specialModulus: specialModulus),
            plaintexts: plaintexts)
    }

    /// Parameters with no security claim and plaintext moduli of index 1.
    /// - Throws: `ParameterError`.
    package static func insecure(
        degree: Int, ciphertextModuli: [UInt64], specialModulus: UInt64,
        plaintextModuli: [UInt64]
    ) throws -> BFVParameters {
        try .insecure(
            degree: degree, ciphertextModuli: ciphertextModuli, specialModulus: specialModulus,
            plaintexts: plaintextModuli.map { PlaintextModulus(prime: $0) })
    }

    /// T, the product of the plaintext moduli: results are exact modulo T.
    package var plaintextModulus: BigInt {
        plaintextModuli.reduce(BigInt(1)) { $0 * BigInt($1) }
    }

    /// How many slots there are, and how they move.
    public var slots: SlotShape { SlotShape(degree: degree, index: plaintexts[0].index) }
}

// What the lattice says.
extension BFVParameters {
    /// Ring degree N, a power of two.
    public var degree: Int { lattice.degree }
    /// The ciphertext moduli q_0, q_1, ...: a ciphertext at level l has the first l of them.
    public var ciphertextModuli: [UInt64] { lattice.ciphertextModuli }
    /// P of key switching, the product of the special primes.
    package var specialModulus: BigInt { lattice.specialModulus }
    /// The level that was asked for and holds.
    package var security: SecurityLevel { lattice.security }
    /// Q_l, the product of the first `level` ciphertext moduli.
    package func modulus(level: Int) -> BigInt { lattice.modulus(level: level) }
    /// Whether Q_l is -1 modulo every t, so that products at this level multiply slots by 1.
    package func productsBringNoUnit(level: Int) -> Bool {
        plaintextModuli.allSatisfy { modulus(level: level).residue(modulo: $0) == $0 - 1 }
    }
    /// Q, of a fresh ciphertext.
    public var ciphertextModulus: BigInt { lattice.ciphertextModulus }
    /// QP, the modulus that security depends on.
    public var keyModulus: BigInt { lattice.keyModulus }
    /// The number of ciphertext moduli; a fresh ciphertext has this level.
    public var maximumLevel: Int { lattice.maximumLevel }
}
