// SPDX-License-Identifier: Apache-2.0

#if canImport(Darwin)
    import Darwin
#elseif canImport(Musl)
    import Musl
#else
    import Glibc
#endif

/// a_0 T_0(t) + a_1 T_1(t) + ... over -1...1.
struct ChebyshevSeries {
    var coefficients: [Double]

    init(_ coefficients: [Double]) { self.coefficients = coefficients }

    /// The truncated series of a function by the trapezoidal rule on its Chebyshev points, which is exact for
    /// polynomials of degree below `intervals` (Trefethen, Approximation Theory and Approximation Practice, chapters 3
    /// and 4).
    init(of samples: SampledActivation, degree: Int) {
        let intervals = SampledActivation.intervals
        coefficients = (0...degree).map { power in
            var sum = 0.0
            for (index, value) in samples.gridValues.enumerated() {
                // T_k at -cos(pi j / n) is cos(k pi (n - j) / n); the angle is reduced in integers.
                let turn = power * (intervals - index) % (2 * intervals)
                let share = index == 0 || index == intervals ? 0.5 : 1
                sum += share * value * cos(.pi * Double(turn) / Double(intervals))
            }
            return sum * (power == 0 ? 1 : 2) / Double(intervals)
        }
    }

    /// Clenshaw's recurrence.
    func callAsFunction(_ t: Double) -> Double {
        var (next, afterNext) = (0.0, 0.0)
        for coefficient in coefficients.dropFirst().reversed() {
            (next, afterNext) = (coefficient + 2 * t * next - afterNext, next)
        }
        return (coefficients.first ?? 0) + t * next - afterNext
    }

    /// T_0(t) ... T_degree(t).
    static func values(_ t: Double, degree: Int) -> [Double] {
        var values = [1, t]
        while values.count <= degree {
            values.append(2 * t * values[values.count - 1] - values[values.count - 2])
        }
        return Array(values.prefix(degree + 1))
    }

    /// t times the series.
    var timesVariable: ChebyshevSeries {
        var result = [Double](repeating: 0, count: coefficients.count + 1)
        for (power, coefficient) in coefficients.enumerated() {
            // t T_k = (T_(k+1) + T_|k-1|) / 2, for k = 0 too.
            result[power + 1] += coefficient / 2
            result[abs(power - 1)] += coefficient / 2
        }
        return ChebyshevSeries(result)
    }

    /// Without terms that are rounding errors: below 10^-14 of the largest anywhere, below 10^-10 at the end. So an
    /// even or odd function has an even or odd polynomial, and a cubic has degree 3 whatever degree was asked for.
    var cleaned: ChebyshevSeries {
        let largest = coefficients.reduce(0) { max($0, abs($1)) }
        var result = coefficients.map { abs($0) <= 1e-14 * largest ? 0 : $0 }
        while result.count > 1, abs(result[result.count - 1]) <= 1e-10 * largest {
            result.removeLast()
        }
        return ChebyshevSeries(result)
    }

    /// In monomials of x, for t = (x - center) / radius.
    func monomials(center: Double, radius: Double) -> RealPolynomial {
        // Clenshaw's recurrence over polynomials of t.
        var next: [Double] = []
        var afterNext: [Double] = []
        func sum(_ coefficient: Double, _ factor: Double) -> [Double] {
            var result = [Double](repeating: 0, count: max(next.count + 1, afterNext.count))
            result[0] = coefficient
            for (power, value) in next.enumerated() { result[power + 1] += factor * value }
            for (power, value) in afterNext.enumerated() { result[power] -= value }
            return result
        }
        for coefficient in coefficients.dropFirst().reversed() {
            (next, afterNext) = (sum(coefficient, 2), next)
        }
        var inVariable = sum(coefficients.first ?? 0, 1)
        inVariable.removeLast(max(0, inVariable.count - max(1, coefficients.count)))
        var power = 1.0
        for index in inVariable.indices {
            inVariable[index] /= power
            power *= radius
        }
        return RealPolynomial(coefficients: inVariable).shifted(by: -center)
    }
}
