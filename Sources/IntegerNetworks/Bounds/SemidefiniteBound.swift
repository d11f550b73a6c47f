// SPDX-License-Identifier: Apache-2.0

import BigIntegers

/// An upper bound of a quadratic form over the box |d_i| <= 1 by duality.
///
/// Write the form with one more variable d_n = 1 as 4h = constant + radius * d^T M d, with M_ij = radius A_ij, M_in =
/// linear_i, M_nn = 0. If D is diagonal with D_i >= 0 for i < n and S = D - M is positive semidefinite, then
/// d^T M d = sum D_i d_i^2 - d^T S d <= sum D_i (the dual of Shor's relaxation; Nesterov, 1998). Any D will do, so it
/// is sought in floating point, by coordinate ascent on a factorized primal (the mixing method; Wang, Chang and Kolter,
/// 2018), whose row norms are the dual; then `BandCholesky` proves S, whose entries are integers, semidefinite up to a
/// stated shift, which the bound includes. Nothing else in here needs to be exact.
struct SemidefiniteBound {
    typealias Vector = SIMD8<Float>

    static let sweepsCount = 40
    /// Multiplications that all the factorizations of a network's hidden neurons may take.
    static let maximumWork = 30_000_000_000.0

    private let prefix: QuadraticPrefix
    private let n: Int
    /// One unit vector (or shorter, inside the box) an input, and the last for the variable that is 1.
    private(set) var vectors: [Vector]
    private var form: QuadraticForm?
    private var sign: Int64 = 1
    private var diagonal: [Float] = []
    private var values: [Float] = []
    private var border: [Float] = []

    init(_ prefix: QuadraticPrefix) {
        self.prefix = prefix
        n = prefix.inputs
        // A fixed start: certificates must be repeatable.
        var state: UInt64 = 0x243F_6A88_85A3_08D3
        vectors = (0...prefix.inputs).map { _ in
            var vector = Vector()
            for lane in 0..<Vector.scalarCount {
                state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                vector[lane] = Float(Int32(truncatingIfNeeded: state >> 33)) * 0x1p-30 - 1
            }
            return vector
        }
        for index in vectors.indices {
            let length = Self.length(vectors[index])
            vectors[index] = length > 0 ? vectors[index] / length : Vector(1, 0, 0, 0, 0, 0, 0, 0)
        }
    }

    /// Whether bounding `count` forms from both sides is within the allowance: a few factorizations each.
    static func isAffordable(_ prefix: QuadraticPrefix, count: Int) -> Bool {
        Double(count) * work(prefix) <= maximumWork
    }

    /// The same for one form of each prefix.
    static func isAffordable(_ prefixes: [QuadraticPrefix]) -> Bool {
        prefixes.reduce(0) { $0 + work($1) } <= maximumWork
    }

    private static func work(_ prefix: QuadraticPrefix) -> Double {
        let band = Double(prefix.bandwidth + 1)
        let factorization = Double(prefix.inputs) * band * band / 2
        let sweeps = Double(prefix.pattern.columns.count * 8 * sweepsCount)
        return 2 * (4 * factorization + sweeps)
    }

    private static func length(_ vector: Vector) -> Float { (vector * vector).sum().squareRoot() }

    /// Takes the form, or its negative, to be maximized; the vectors stay as they are.
    mutating func load(_ form: QuadraticForm, negated: Bool) {
        self.form = form
        sign = negated ? -1 : 1
        // Entries are below 2^52, far from Float's end.
        let factor = Float(form.radius) * (negated ? -1 : 1)
        let width = form.bandwidth + 1
        diagonal = (0..<n).map { factor * Float(form.band[$0 * width]) }
        border = form.linear.map { (negated ? -1 : 1) * Float($0) }
        let pattern = prefix.pattern
        values.removeAll(keepingCapacity: true)
        for i in 0..<n {
            for entry in pattern.rowStarts[i]..<pattern.rowStarts[i + 1] {
                let j = Int(pattern.columns[entry])
                let (high, low) = (max(i, j), min(i, j))
                values.append(factor * Float(form.band[high * width + high - low]))
            }
        }
    }

    /// Coordinate ascent: each vector in turn to its best place, all others fixed.
    mutating func sweep(_ count: Int) {
        for _ in 0..<count {
            for i in 0..<n {
                let gradient = gradient(i)
                let length = Self.length(gradient)
                if diagonal[i] < 0, length < -diagonal[i] {
                    vectors[i] = gradient / -diagonal[i]
                } else if length > 0 {
                    vectors[i] = gradient / length
                } else if diagonal[i] > 0 {
                    // Any unit vector is best; zero, where it may have been left, is worst.
                    vectors[i] = Vector()
                    vectors[i][i % Vector.scalarCount] = 1
                }
            }
            let gradient = borderGradient()
            let length = Self.length(gradient)
            if length > 0 { vectors[n] = gradient / length }
        }
    }

    private func gradient(_ i: Int) -> Vector {
        var sum = border[i] * vectors[n]
        let range = prefix.pattern.rowStarts[i]..<prefix.pattern.rowStarts[i + 1]
        vectors.withUnsafeBufferPointer { vectors in
            values.withUnsafeBufferPointer { values in
                prefix.pattern.columns.withUnsafeBufferPointer { columns in
                    for entry in range { sum += values[entry] * vectors[Int(columns[entry])] }
                }
            }
        }
        return sum
    }

    private func borderGradient() -> Vector {
        var sum = Vector()
        for i in 0..<n { sum += border[i] * vectors[i] }
        return sum
    }

    /// The least proven upper bound of the function (or of its negative), an integer; nil if none was proven.
    func certifiedMaximum() -> BigInt? {
        guard let form else { return nil }
        var norms = (0..<n).map { Double(Self.length(gradient($0))) }
        norms.append(Double(Self.length(borderGradient())))
        let mean = norms.reduce(0, +) / Double(norms.count)
        guard mean.isFinite else { return nil }
        // Finer steps than one where the form's integers are small.
        let shift = max(0, 50 - Int64(form.size).bitWidthUsed)
        let scale = Double(1 << Int64(shift))

        var matrix = BandCholesky(form, negated: sign < 0, shift: shift)
        var best: BigInt?
        var slack = 0.016
        for _ in 0..<8 {
            // D_i - M_ii: the norm by optimality, a little more of each for what is not optimal yet.
            let margins = norms.indices.map { i -> Double in
                let inside = i < n ? max(norms[i], -Double(diagonal[i])) : norms[i]
                return ((inside * (1 + slack) + mean * slack / 8) * scale).rounded(.up) + 1
            }
            if let total = matrix.provenTotal(margins: margins) {
                // 4h <= constant + radius * total / 2^shift.
                let constant = BigInt(sign * form.constant) << shift
                let bound = (constant + BigInt(form.radius) * total) >> (shift + 2)
                best = min(best ?? bound, bound)
                if slack < 0.002 { break }
                slack /= 4
            } else {
                if best != nil { break }
                slack *= 4
            }
        }
        return best
    }
}
