// SPDX-License-Identifier: Apache-2.0

import BigIntegers

/// An element of Z[X]/(X^N+1) with integer coefficients of any size, for the oracle. Variable time.
///
/// The product goes through one GMP product (Kronecker substitution), so the oracle owes nothing to the
/// transforms that it checks.
package struct BigPolynomial: Hashable, Sendable {
    /// Coefficients of 1, X, X^2, ...; their number N is a power of two.
    package var coefficients: [BigInt]

    package init(_ coefficients: [BigInt]) {
        precondition(!coefficients.isEmpty && coefficients.count & (coefficients.count - 1) == 0)
        self.coefficients = coefficients
    }

    package init(_ coefficients: some Collection<some BinaryInteger>) {
        self.init(coefficients.map { BigInt($0) })
    }

    package var degree: Int { coefficients.count }

    /// The largest magnitude of a coefficient.
    package var norm: BigInt { coefficients.map(\.magnitude).max()! }

    package static func + (a: BigPolynomial, b: BigPolynomial) -> BigPolynomial {
        precondition(a.degree == b.degree)
        return BigPolynomial(zip(a.coefficients, b.coefficients).map { $0 + $1 })
    }

    package static func - (a: BigPolynomial, b: BigPolynomial) -> BigPolynomial { a + -b }

    package static prefix func - (a: BigPolynomial) -> BigPolynomial { a.map { -$0 } }

    package static func * (scalar: BigInt, a: BigPolynomial) -> BigPolynomial {
        a.map { scalar * $0 }
    }

    package func map(_ body: (BigInt) -> BigInt) -> BigPolynomial {
        BigPolynomial(coefficients.map(body))
    }

    /// Every coefficient in 0..<modulus.
    package func modulo(_ modulus: BigInt) -> BigPolynomial { map { $0.modulo(modulus) } }

    /// Every coefficient in (-modulus/2, modulus/2].
    package func centered(modulo modulus: BigInt) -> BigPolynomial {
        map { $0.centered(modulo: modulus) }
    }

    /// round(numerator self / denominator), over the integers, ties away from zero.
    package func scaled(by numerator: BigInt = 1, over denominator: BigInt) -> BigPolynomial {
        map { (numerator * $0).dividedRounded(by: denominator) }
    }

    /// The image under X -> X^k, k odd.
    package func automorphism(_ k: Int) -> BigPolynomial {
        precondition(k & 1 == 1)
        let twice = 2 * degree
        var out = coefficients
        for (i, c) in coefficients.enumerated() {
            let exponent = ((i * k) % twice + twice) % twice
            out[exponent % degree] = exponent < degree ? c : -c
        }
        return BigPolynomial(out)
    }
}

extension BigPolynomial {
    /// The product modulo X^N + 1, by the definition: N^2 products.
    package func schoolbookProduct(_ other: BigPolynomial) -> BigPolynomial {
        precondition(degree == other.degree)
        var out = [BigInt](repeating: 0, count: degree)
        for (i, a) in coefficients.enumerated() {
            for (j, b) in other.coefficients.enumerated() {
                out[(i + j) % degree].addProduct(i + j < degree ? a : -a, b)
            }
        }
        return BigPolynomial(out)
    }

    /// The product modulo X^N + 1, over the integers: both evaluated at 2^w, w wide enough for any coefficient of the
    /// product with its sign, multiplied, and read back.
    package static func * (a: BigPolynomial, b: BigPolynomial) -> BigPolynomial {
        precondition(a.degree == b.degree)
        let n = a.degree
        let bits = a.norm.bitLength + b.norm.bitLength + n.trailingZeroBitCount + 2
        let bytes = (bits + 7) / 8
        let product = a.evaluated(digitBytes: bytes) * b.evaluated(digitBytes: bytes)
        let c = digits(of: product, count: 2 * n, digitBytes: bytes)
        return BigPolynomial((0..<n).map { c[$0] - c[$0 + n] })
    }

    /// The value at 256^digitBytes. Digits are offset by half the base to be positive while they are packed.
    private func evaluated(digitBytes: Int) -> BigInt {
        let half = BigInt(1) << (8 * digitBytes - 1)
        var bytes: [UInt8] = []
        bytes.reserveCapacity(degree * digitBytes)
        for c in coefficients { bytes += (c + half).littleEndianBytes(count: digitBytes)! }
        return BigInt(littleEndianBytes: bytes)
            - Self.offset(count: degree, digitBytes: digitBytes)
    }

    /// The signed digits, in [-base/2, base/2), of a number in base 256^digitBytes.
    private static func digits(of value: BigInt, count: Int, digitBytes: Int) -> [BigInt] {
        let half = BigInt(1) << (8 * digitBytes - 1)
        let shifted = value + offset(count: count, digitBytes: digitBytes)
        let bytes = shifted.littleEndianBytes(count: count * digitBytes)!
        return (0..<count).map {
            BigInt(littleEndianBytes: bytes[$0 * digitBytes..<($0 + 1) * digitBytes]) - half
        }
    }

    /// The sum of half the base at every digit.
    private static func offset(count: Int, digitBytes: Int) -> BigInt {
        let digit = [UInt8](repeating: 0, count: digitBytes - 1) + [0x80]
        return BigInt(littleEndianBytes: (0..<count).flatMap { _ in digit })
    }
}
