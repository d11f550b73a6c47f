// SPDX-License-Identifier: Apache-2.0

import BigIntegers

/// c_0 + c_1 z + ... over integers of any size, the lowest first.
struct IntegerPolynomial {
    var coefficients: [BigInt]

    init(_ coefficients: [BigInt]) { self.coefficients = coefficients }

    static func + (a: IntegerPolynomial, b: IntegerPolynomial) -> IntegerPolynomial {
        let count = max(a.coefficients.count, b.coefficients.count)
        return IntegerPolynomial((0..<count).map { a[$0] + b[$0] })
    }

    static func * (a: IntegerPolynomial, b: IntegerPolynomial) -> IntegerPolynomial {
        var result = Array(
            repeating: BigInt(0), count: a.coefficients.count + b.coefficients.count - 1)
        for (i, left) in a.coefficients.enumerated() {
            for (j, right) in b.coefficients.enumerated() {
                result[i + j].addProduct(left, right)
            }
        }
        return IntegerPolynomial(result)
    }

    /// 0 beyond the end.
    subscript(_ power: Int) -> BigInt {
        coefficients.indices.contains(power) ? coefficients[power] : BigInt(0)
    }
}
