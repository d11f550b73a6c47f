// SPDX-License-Identifier: Apache-2.0

/// What can be wrong with the parameters of a ring.
package enum RingError: Error, Equatable, CustomStringConvertible {
    case unsupportedDegree(Int)
    case notAnNTTPrime(UInt64, degree: Int)
    case repeatedModulus(UInt64)

    package var description: String {
        switch self {
        case .unsupportedDegree(let n):
            return "ring degree \(n) is not supported; it must be a power of two from 8 to 65536"
        case .notAnNTTPrime(let q, let n):
            return "modulus \(q) is not usable at degree \(n); it must be a prime below 2^50 that "
                + "is 1 modulo \(2 * n)"
        case .repeatedModulus(let q):
            return "modulus \(q) appears twice; the moduli of a basis must be distinct primes"
        }
    }
}
