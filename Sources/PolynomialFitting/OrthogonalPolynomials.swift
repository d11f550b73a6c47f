// SPDX-License-Identifier: Apache-2.0

/// Least squares by polynomials that are orthogonal under given weights: the discrete Stieltjes procedure (Gautschi,
/// Orthogonal Polynomials: Computation and Approximation, 2004, section 2.2.3.1), so no system has to be solved.
enum OrthogonalPolynomials {
    /// The polynomial of at most this degree with the least sum of weights times squared differences.
    ///
    /// - Parameters:
    ///   - nodes: in -1...1, more than `degree` of them with a positive weight.
    ///   - weights: not negative, one a node.
    static func leastSquares(
        nodes: [Double], values: [Double], weights: [Double], degree: Int
    ) -> ChebyshevSeries {
        func product(_ a: [Double], _ b: [Double]) -> Double {
            var sum = 0.0
            for index in weights.indices { sum += weights[index] * a[index] * b[index] }
            return sum
        }
        var basis = ChebyshevSeries([1])
        var basisValues = [Double](repeating: 1, count: nodes.count)
        var previous = ChebyshevSeries([])
        var previousValues = [Double](repeating: 0, count: nodes.count)
        var beta = 0.0
        var remaining = values
        var result = [Double](repeating: 0, count: degree + 1)

        for step in 0...degree {
            let norm = product(basisValues, basisValues).squareRoot()
            guard norm > 0 else { break }
            for index in basisValues.indices { basisValues[index] /= norm }
            for index in basis.coefficients.indices { basis.coefficients[index] /= norm }
            // What is left of the values, not the values: rounding errors of earlier terms are made good.
            let share = product(remaining, basisValues)
            for index in remaining.indices { remaining[index] -= share * basisValues[index] }
            for (power, value) in basis.coefficients.enumerated() { result[power] += share * value }
            guard step < degree else { break }

            beta = step == 0 ? 0 : norm
            let timesVariable = zip(nodes, basisValues).map { $0 * $1 }
            let alpha = product(timesVariable, basisValues)
            var next = basis.timesVariable
            for (power, value) in basis.coefficients.enumerated() {
                next.coefficients[power] -= alpha * value
            }
            for (power, value) in previous.coefficients.enumerated() {
                next.coefficients[power] -= beta * value
            }
            let nextValues = nodes.indices.map {
                timesVariable[$0] - alpha * basisValues[$0] - beta * previousValues[$0]
            }
            (previous, previousValues) = (basis, basisValues)
            (basis, basisValues) = (next, nextValues)
        }
        return ChebyshevSeries(result)
    }
}
