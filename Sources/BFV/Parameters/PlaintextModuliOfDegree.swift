// SPDX-License-Identifier: Apache-2.0

import Lattice

/// Plaintext moduli that were checked against a degree: a search checks them once for many lattices.
package struct PlaintextModuliOfDegree: Sendable {
    package let degree: Int
    package let moduli: [PlaintextModulus]
    package let primes: [UInt64]

    /// - Parameter moduli: 1 to 64, of one index, over distinct primes below 2^50 that are 1 modulo 2 `degree`.
    /// - Throws: `ParameterError`.
    package init(_ moduli: [PlaintextModulus], degree: Int) throws {
        primes = moduli.map(\.prime)
        guard (1...64).contains(moduli.count) else {
            throw ParameterError.count("plaintext moduli", moduli.count)
        }
        var seen = Set<UInt64>()
        for prime in primes { try LatticeParameters.check(prime, degree: degree, seen: &seen) }
        for modulus in moduli {
            guard modulus.index == moduli[0].index, modulus.isValid(degree: degree) else {
                throw ParameterError.plaintext(modulus.prime, degree: degree)
            }
        }
        self.degree = degree
        self.moduli = moduli
    }
}
