// SPDX-License-Identifier: Apache-2.0

/// Why parameters were refused, those of the lattice or of a scheme over it.
package enum ParameterError: Error, Equatable, CustomStringConvertible {
    case degree(Int)
    case count(String, Int)
    case modulus(UInt64, degree: Int)
    case repeatedModulus(UInt64)
    case plaintext(UInt64, degree: Int)
    case insecureLevel
    case tooLargeForSecurity(bits: Int, degree: Int, level: Int, maximum: Int)
    case preset(degree: Int, plaintextBits: Int)

    package var description: String {
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
            return "parameters below 128-bit security must be made by a function named insecure"
        case .tooLargeForSecurity(let bits, let n, let level, let maximum):
            return "QP has \(bits) bits; at N = \(n), \(level)-bit security allows 2^\(maximum)"
        case .preset(let n, let bits):
            return "there is no preset for N = \(n) and so many plaintext primes of \(bits) bits"
        }
    }
}
