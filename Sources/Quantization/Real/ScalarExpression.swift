// SPDX-License-Identifier: Apache-2.0

import PolynomialFitting
import TensorGraphs

/// A function of one real: what an elementwise part of a graph computes.
package indirect enum ScalarExpression: Sendable, Hashable {
    case input
    case constant(Double)
    case function(ScalarFunction, ScalarExpression)
    case sum(ScalarExpression, ScalarExpression)
    case difference(ScalarExpression, ScalarExpression)
    case product(ScalarExpression, ScalarExpression)
    case quotient(ScalarExpression, ScalarExpression)

    /// Largest degree that is kept as a polynomial.
    package static let maximumDegree = 7

    package func callAsFunction(_ x: Double) -> Double {
        switch self {
        case .input: x
        case .constant(let value): value
        case .function(let function, let argument): function(argument(x))
        case .sum(let a, let b): a(x) + b(x)
        case .difference(let a, let b): a(x) - b(x)
        case .product(let a, let b): a(x) * b(x)
        case .quotient(let a, let b): a(x) / b(x)
        }
    }

    /// Nodes of the tree: expressions are shared while they are built, and could grow exponentially.
    package var size: Int {
        switch self {
        case .input, .constant: 1
        case .function(_, let argument): 1 + argument.size
        case .sum(let a, let b), .difference(let a, let b), .product(let a, let b),
            .quotient(let a, let b):
            1 + a.size + b.size
        }
    }

    /// Factor and term, where it is factor * x + term.
    package var affine: (factor: Double, term: Double)? {
        guard let polynomial, polynomial.degree <= 1 else { return nil }
        let c = polynomial.coefficients
        return (c.count > 1 ? c[1] : 0, c.first ?? 0)
    }

    /// The polynomial that it is, if it is one of degree at most `maximumDegree`.
    package var polynomial: RealPolynomial? {
        switch self {
        case .input: return RealPolynomial(coefficients: [0, 1])
        case .constant(let value): return RealPolynomial(coefficients: [value])
        case .sum(let a, let b): return Self.combined(a, b) { $0 + $1 }
        case .difference(let a, let b): return Self.combined(a, b) { $0 - $1 }
        case .product(let a, let b):
            guard let p = a.polynomial, let q = b.polynomial else { return nil }
            return Self.product(p, q)
        case .quotient(let a, let b):
            guard let p = a.polynomial, let q = b.polynomial, q.degree == 0,
                let divisor = q.coefficients.first, divisor != 0
            else { return nil }
            return RealPolynomial(coefficients: p.coefficients.map { $0 / divisor })
        case .function(let function, let argument):
            guard let p = argument.polynomial else { return nil }
            if p.degree == 0 {
                return RealPolynomial(coefficients: [function(p.coefficients.first ?? 0)])
            }
            switch function {
            case .negative: return RealPolynomial(coefficients: p.coefficients.map { -$0 })
            case .power(let exponent):
                guard exponent >= 0, exponent <= Float(Self.maximumDegree),
                    exponent == exponent.rounded()
                else { return nil }
                var power = RealPolynomial(coefficients: [1])
                for _ in 0..<Int(exponent) {
                    guard let next = Self.product(power, p) else { return nil }
                    power = next
                }
                return power
            default: return nil
            }
        }
    }

    private static func combined(
        _ a: ScalarExpression, _ b: ScalarExpression, _ operation: (Double, Double) -> Double
    ) -> RealPolynomial? {
        guard let p = a.polynomial?.coefficients, let q = b.polynomial?.coefficients else {
            return nil
        }
        return RealPolynomial(
            coefficients: (0..<max(p.count, q.count)).map {
                operation($0 < p.count ? p[$0] : 0, $0 < q.count ? q[$0] : 0)
            })
    }

    private static func product(_ p: RealPolynomial, _ q: RealPolynomial) -> RealPolynomial? {
        guard p.degree + q.degree <= maximumDegree else { return nil }
        var result = [Double](repeating: 0, count: p.degree + q.degree + 1)
        for (i, a) in p.coefficients.enumerated() where a != 0 {
            for (j, b) in q.coefficients.enumerated() where b != 0 { result[i + j] += a * b }
        }
        return RealPolynomial(coefficients: result)
    }

    /// What its values lie in, whatever the argument is; nil where nothing is known.
    package var bounds: ClosedRange<Double>? {
        guard case .function(let function, let argument) = self else { return nil }
        let inner = argument.bounds
        switch function {
        case .sigmoid, .hardSigmoid, .step, .isZero, .isNaN, .isInfinite: return 0...1
        case .tanh, .erf, .sign: return -1...1
        case .relu: return inner.map { max($0.lowerBound, 0)...max($0.upperBound, 0) }
        case .clip(let low, let high):
            let all = inner ?? -.infinity ... .infinity
            return min(
                max(all.lowerBound, Double(low)), Double(high))...min(
                    max(all.upperBound, Double(low)), Double(high))
        default: return nil
        }
    }

    /// Such as "x * sigmoid(x)".
    package var text: String {
        switch self {
        case .input: return "x"
        case .constant(let value): return "\(Float(value))"
        case .function(let function, let argument):
            let name = "\(function)"
            if case .power(let exponent) = function {
                return "\(argument.atom)^\(Float(exponent))"
            }
            if case .negative = function { return "-\(argument.atom)" }
            let short = name.prefix { $0 != "(" }
            let details = name.dropFirst(short.count + 1).dropLast()
            return details.isEmpty
                ? "\(short)(\(argument.text))" : "\(short)(\(argument.text); \(details))"
        case .sum(let a, let b): return "\(a.text) + \(b.text)"
        case .difference(let a, let b): return "\(a.text) - \(b.atom)"
        case .product(let a, let b): return "\(a.atom) * \(b.atom)"
        case .quotient(let a, let b): return "\(a.atom) / \(b.atom)"
        }
    }

    private var atom: String {
        switch self {
        case .input, .constant, .function: text
        default: "(\(text))"
        }
    }
}
