// SPDX-License-Identifier: Apache-2.0

import BigIntegers

#if canImport(Darwin)
    import Darwin
#elseif canImport(Musl)
    import Musl
#else
    import Glibc
#endif

/// The steps for a polynomial z^d + q_(d-1) z^(d-1) + ... + q_0 of each degree, its coefficients rounded.
///
/// A monic polynomial is split into products of monic ones whose constants take up its coefficients, and a remainder in
/// 1, z and z^2. This is preconditioning: Knuth, The Art of Computer Programming, volume 2, section 4.6.4; Paterson and
/// Stockmeyer, On the Number of Nonscalar Multiplications Necessary to Evaluate Polynomials, SIAM J. Comput. 2, 1973.
/// Constants being integers here, what has to be halved is rounded to even before. Every operand is a value plus a
/// constant; a small e takes up q_(d-1).
///
///     degree  products, with u = z z                              remainder  products (squares)  depth
///     2       u                                                   1          1 (1)               1
///     3       (z + e) (u + a)                                     1          2 (1)               2
///     4       (u + a)^2                                           1, z       2 (2)               2
///     5       v = (u + a)^2, (z + e) (v + b)                      1, z^2     3 (2)               3
///     6       v = (z + e) (u + a), (v + b)^2                      1, z, z^2  3 (2)               3
///     7       v = (z + e) (u + a), w = (u + b)^2, (v + c) (w + d) 1, z^2     4 (2)               3
struct ScheduleBuilder {
    typealias Combination = PolynomialSchedule.Combination

    let polynomial: DepressedPolynomial
    private(set) var steps: [PolynomialSchedule.Step] = []
    /// z and the products as polynomials of z.
    private var values = [IntegerPolynomial([0, 1])]

    init(_ polynomial: DepressedPolynomial) { self.polynomial = polynomial }

    private var degree: Int { polynomial.degree }

    /// Adds all steps.
    ///
    /// - Returns: the powers of z that the remainder may have.
    mutating func addSteps() throws(PolynomialScheduleError) -> [Int] {
        guard degree >= 2 else { return [0] }
        let z = 0
        let u = try addSquare(z, plus: 0)
        let e = try rounded(degree - 1)
        switch degree {
        case 2: return [0]
        case 3:
            try addProduct(z, plus: e, u, plus: rounded(1))
            return [0]
        case 4:
            try addSquare(u, plus: half(2))
            return [0, 1]
        case 5:
            // (z + e) ((z^2 + a)^2 + b): z^3 fixes a, z a^2 + b.
            let v = try addSquare(u, plus: half(3))
            try addProduct(z, plus: e, v, plus: rounded(1) - values[v][0])
            return [0, 2]
        case 6:
            // (z^3 + h z^2 + a z + g)^2 for e = 2 h: z^4 fixes h^2 + 2 a, z^3 2 g + 2 a h.
            let h = e >> 1
            let a = try half(4, less: h * h)
            let v = try addProduct(z, plus: h, u, plus: a)
            let g = try half(3) - a * h
            try addSquare(v, plus: g - values[v][0])
            return [0, 1, 2]
        default:
            // (z^3 + e z^2 + a z + f) (z^4 + 2 b z^2 + g): z^5 fixes a + 2 b, z^4 f + 2 b e, z^3 g + 2 a b, and a root
            // of a cubic makes a g what z needs.
            let a = try splitOfDegree7()
            let b = (try rounded(5) - a) >> 1
            let v = try addProduct(z, plus: e, u, plus: a)
            let w = try addSquare(u, plus: b)
            let f = try rounded(4) - ((b * e) << 1)
            let g = try rounded(3) - ((a * b) << 1)
            try addProduct(v, plus: f - values[v][0], w, plus: g - values[w][0])
            return [0, 2]
        }
    }

    /// The schedule's result and the integer polynomial that it computes, both with the sign of the leading
    /// coefficient.
    func finish(
        remainder powers: [Int]
    ) throws(PolynomialScheduleError) -> (Combination, [Int64]) {
        let sign = BigInt(polynomial.sign)
        guard degree > 0 else {
            return (Combination(constant: polynomial.sign, terms: []), [polynomial.sign])
        }
        let last = values.count - 1
        var computed = values[last]
        var terms = [Combination.Term(value: last, coefficient: polynomial.sign)]
        var constant: Int64 = 0
        for power in powers {
            let missing = try rounded(power) - computed[power]
            computed.coefficients[power] += missing
            let integer = try checked(sign * missing, power: power)
            if power == 0 {
                constant = integer
            } else if integer != 0 {
                // z is value 0 and its square value 1.
                terms.insert(Combination.Term(value: power - 1, coefficient: integer), at: 0)
            }
        }
        var coefficients: [Int64] = []
        for (power, coefficient) in computed.coefficients.enumerated() {
            coefficients.append(try checked(sign * coefficient, power: power))
        }
        return (Combination(constant: constant, terms: terms), coefficients)
    }

    /// a of degree 7: q_1 = a g = a (q_3 - a (q_5 - a)) has a real root, which is rounded to an integer that is even or
    /// odd as q_5 is. What q_1 lacks then is dropped: it is smaller than z^7 by the square of the input, about what
    /// rounding other coefficients costs.
    private func splitOfDegree7() throws(PolynomialScheduleError) -> BigInt {
        let q = polynomial.lower
        func excess(_ a: Double) -> Double { a * (q[3] - a * (q[5] - a)) - q[1] }
        // Fujiwara's bound of the roots.
        var upper = 2 * max(abs(q[5]), abs(q[3]).squareRoot(), cbrt(abs(q[1])))
        var lower = -upper
        for _ in 0..<128 {
            let middle = (lower + upper) / 2
            if excess(middle) < 0 { lower = middle } else { upper = middle }
        }
        let odd = try rounded(5)
        let halved = ((lower + upper) / 2 - odd.doubleTowardZero) / 2
        return try BigInt(roundedInteger(halved, degree: degree, power: 5)) * 2 + odd
    }

    private func rounded(_ power: Int) throws(PolynomialScheduleError) -> BigInt {
        BigInt(try roundedInteger(polynomial.lower[power], degree: degree, power: power))
    }

    /// Half of the coefficient less a small integer, rounded.
    private func half(
        _ power: Int, less part: BigInt = 0
    ) throws(PolynomialScheduleError) -> BigInt {
        let rest = polynomial.lower[power] - part.doubleTowardZero
        return BigInt(try roundedInteger(rest / 2, degree: degree, power: power))
    }

    private func checked(
        _ value: BigInt, power: Int
    ) throws(PolynomialScheduleError) -> Int64 {
        let excess = value.bitLength - PolynomialSchedule.maximumBits
        guard excess <= 0, let integer = Int64(exactly: value) else {
            throw .integerTooLarge(degree: degree, power: power, excessBits: excess)
        }
        return integer
    }

    @discardableResult
    private mutating func addSquare(
        _ value: Int, plus constant: BigInt
    ) throws(PolynomialScheduleError) -> Int {
        try addProduct(value, plus: constant, value, plus: constant)
    }

    /// The index of the product.
    @discardableResult
    private mutating func addProduct(
        _ left: Int, plus leftConstant: BigInt, _ right: Int, plus rightConstant: BigInt
    ) throws(PolynomialScheduleError) -> Int {
        let first = values[left] + IntegerPolynomial([leftConstant])
        let second = values[right] + IntegerPolynomial([rightConstant])
        let power = degree - first.coefficients.count + 1
        let operands = (
            Combination(
                constant: try checked(leftConstant, power: power),
                terms: [.init(value: left, coefficient: 1)]),
            Combination(
                constant: try checked(
                    rightConstant, power: degree - second.coefficients.count + 1),
                terms: [.init(value: right, coefficient: 1)])
        )
        steps.append(PolynomialSchedule.Step(left: operands.0, right: operands.1))
        values.append(first * second)
        return values.count - 1
    }
}
