// SPDX-License-Identifier: Apache-2.0

import BFV
import BigIntegers
import Oracle

extension PlaintextModulus {
    /// pi in Z[X]/(X^N+1).
    func polynomial(degree: Int) -> BigPolynomial {
        spread(generator.map { BigInt($0) }, degree: degree)
    }

    /// Whether p is a multiple of pi: p / pi = p adjoint / norm is whole.
    func divides(_ p: BigPolynomial) -> Bool {
        (p * spread(adjoint, degree: p.degree)).coefficients.allSatisfy {
            $0.modulo(norm).isZero
        }
    }

    /// Whether pi generates the ideal of the slots, and not one inside it: then equal slots are equal modulo pi.
    var hasPrimeNorm: Bool { norm == BigInt(prime) }

    private func spread(_ coefficients: [BigInt], degree: Int) -> BigPolynomial {
        var out = [BigInt](repeating: BigInt(0), count: degree)
        for (i, c) in coefficients.enumerated() { out[i * degree / index] = c }
        return BigPolynomial(out)
    }
}
