// SPDX-License-Identifier: Apache-2.0

#if canImport(Darwin)
    import Darwin
#elseif canImport(Musl)
    import Musl
#else
    import Glibc
#endif

/// An activation's values where fits need them: at nodes of a quadrature over the measured distribution, and at
/// Chebyshev points of the range. Places are t in -1...1, for x = center + radius t.
struct SampledActivation {
    let range: ClosedRange<Double>
    let center: Double
    let radius: Double
    /// Three Gauss-Legendre nodes a bin, and the one value of a bin that has seen no other.
    let nodes: [Double]
    let nodeValues: [Double]
    /// Weights of the nodes, sum 1: values are taken to be uniform within their bin, but where they are all the same.
    /// Uniform over the range if none were counted.
    let measured: [Double]
    /// Weights of the nodes, sum 1, of the uniform distribution over the range.
    let uniform: [Double]
    /// -cos(pi j / `intervals`), ascending.
    let grid: [Double]
    let gridValues: [Double]
    /// How many values the distribution has, where they are few and come again and again; nil of others.
    let points: Int?
    /// Whether the function is finite wherever it was asked.
    let isFinite: Bool

    static let intervals = 4096

    init(_ function: (Double) -> Double, over histogram: ActivationHistogram) {
        let (center, radius, range) = (histogram.center, histogram.radius, histogram.range)
        func value(_ t: Double) -> Double {
            function(min(max(center + radius * t, range.lowerBound), range.upperBound))
        }
        let offset = (3.0 / 5).squareRoot()
        let rule = [(-offset, 5.0 / 18), (0, 8.0 / 18), (offset, 5.0 / 18)]
        let bins = Double(histogram.counts.count)
        let total = Double(histogram.total)

        var nodes: [Double] = []
        var measured: [Double] = []
        var uniform: [Double] = []
        for (bin, count) in histogram.counts.enumerated() {
            let point = histogram.point(ofBin: bin)
            for (position, weight) in rule {
                nodes.append((2 * Double(bin) + 1 + position) / bins - 1)
                uniform.append(weight / bins)
                let share = total > 0 ? weight * Double(count) / total : weight / bins
                measured.append(point == nil ? share : 0)
            }
            guard let point else { continue }
            nodes.append(min(max((point - center) / radius, -1), 1))
            uniform.append(0)
            measured.append(Double(count) / total)
        }
        points = histogram.points?.count
        let half = Self.intervals / 2
        grid = (0...Self.intervals).map {
            // Odd about the middle to the last bit.
            sin(.pi / 2 * Double($0 - half) / Double(half))
        }
        self.range = range
        self.center = center
        self.radius = radius
        self.nodes = nodes
        self.measured = measured
        self.uniform = uniform
        nodeValues = nodes.map(value)
        gridValues = grid.map(value)
        isFinite = nodeValues.allSatisfy(\.isFinite) && gridValues.allSatisfy(\.isFinite)
    }

    /// Standard deviation of the function under the measured distribution.
    var deviation: Double {
        let mean = zip(measured, nodeValues).reduce(0) { $0 + $1.0 * $1.1 }
        let square = zip(measured, nodeValues).reduce(0) {
            $0 + $1.0 * ($1.1 - mean) * ($1.1 - mean)
        }
        return square.squareRoot()
    }

    /// The polynomial's errors as it will be evaluated, in monomials of x.
    func fit(_ polynomial: RealPolynomial, method: FitMethod) -> ActivationFit {
        func error(_ t: Double, _ value: Double) -> Double {
            polynomial(center + radius * t) - value
        }
        var square = 0.0
        for (index, weight) in measured.enumerated() where weight > 0 {
            let difference = error(nodes[index], nodeValues[index])
            square += weight * difference * difference
        }
        let maximum = zip(grid, gridValues).reduce(0) { max($0, abs(error($1.0, $1.1))) }
        guard square.isFinite, maximum.isFinite else { return noFit(method: method) }
        return ActivationFit(
            polynomial: polynomial, method: method, range: range,
            rootMeanSquareError: square.squareRoot(), maximumError: maximum,
            outputDeviation: deviation)
    }

    /// Where the function, or the polynomial in monomials of x, is beyond Double.
    func noFit(method: FitMethod) -> ActivationFit {
        ActivationFit(
            polynomial: RealPolynomial(coefficients: []), method: method, range: range,
            rootMeanSquareError: .infinity, maximumError: .infinity,
            outputDeviation: isFinite ? deviation : .infinity)
    }
}
