// SPDX-License-Identifier: Apache-2.0

import PolynomialFitting

/// Degree-2 fits that integers can afford: x is moved to the parabola's vertex, and each bit that lies farther away
/// than the inputs reach is paid for in the range.
enum QuadraticFit {
    /// Farthest vertex from the middle of the range, in half ranges.
    static let farthestVertex = 3.0

    /// The polynomial itself if its vertex is near enough, else the best with a vertex at the limit.
    static func limited(
        _ polynomial: RealPolynomial, of f: (Double) -> Double, over histogram: ActivationHistogram
    ) -> RealPolynomial {
        let (center, limit) = (histogram.center, farthestVertex * histogram.radius)
        let c = polynomial.coefficients
        if polynomial.degree == 2 {
            let vertex = -c[1] / (2 * c[2])
            if abs(vertex - center) <= limit { return polynomial }
        }
        let fits = [center - limit, center + limit].map { fit(f, histogram, vertex: $0) }
        return fits.min { $0.error < $1.error }!.polynomial
    }

    /// Least squares of a (x - vertex)^2 + b.
    private static func fit(
        _ f: (Double) -> Double, _ histogram: ActivationHistogram, vertex: Double
    ) -> (polynomial: RealPolynomial, error: Double) {
        let bins = histogram.counts.count
        let width = 2 * histogram.radius / Double(bins)
        // The same small uniform part as other fits have.
        let uniform = PolynomialFitter.uniformShare * Double(max(1, histogram.total)) / Double(bins)
        let nodes = histogram.counts.enumerated().map { bin, count in
            let middle = histogram.range.lowerBound + (Double(bin) + 0.5) * width
            let x = histogram.point(ofBin: bin) ?? middle
            return (
                u: (x - vertex) * (x - vertex), y: f(x), weight: Double(count) + uniform
            )
        }
        let total = nodes.reduce(0) { $0 + $1.weight }
        let (u, y) = nodes.reduce((0.0, 0.0)) {
            ($0.0 + $1.weight * $1.u / total, $0.1 + $1.weight * $1.y / total)
        }
        var (variance, covariance) = (0.0, 0.0)
        for node in nodes {
            variance += node.weight * (node.u - u) * (node.u - u)
            covariance += node.weight * (node.u - u) * (node.y - y)
        }
        // A constant function still needs a square.
        let scale = max(1, abs(y))
        var a = variance > 0 ? covariance / variance : 0
        let least = 1e-6 * scale / (histogram.radius * histogram.radius)
        if abs(a) < least { a = least }
        let b = y - a * u
        let error = nodes.reduce(0) {
            let difference = a * $1.u + b - $1.y
            return $0 + $1.weight * difference * difference
        }
        return (
            RealPolynomial(coefficients: [a * vertex * vertex + b, -2 * a * vertex, a]), error
        )
    }
}
