// SPDX-License-Identifier: Apache-2.0

import BigIntegers
import Threading

/// Bounds y = g + sum_j v_j h_j^2 + sum_p u_p s_p where the h_j are quadratic forms of the input within proven ranges
/// l...u, and the s_p the squares that they are made of.
///
/// For the largest y: where v_j > 0, the square is at most its secant, h^2 <= a h + max(l^2 - a l, u^2 - a u) for any
/// slope a (a convex function is largest at the ends), best with a = l + u; where v_j < 0, at least a tangent, h^2 >= a
/// h - (a / 2)^2 for any a. What is left, sum_j v_j a_j h_j + sum_p u_p s_p, is one quadratic form of the input, which
/// `SemidefiniteBound` bounds. Slopes are multiples of a power of two that keeps the form's integers small. The same
/// for the least y, with -v.
struct JointBound {
    /// Rounds in which the tangents move to where the relaxed maximum is.
    static let rounds = 24

    let prefix: QuadraticPrefix
    /// Proven ranges of the h_j.
    let hidden: [ClosedRange<BigInt>]

    /// Where, among the features that a layer reads, those of its sources begin.
    struct Sources {
        /// The squares of the hidden neurons.
        let hidden: Int
        /// The squares of the first layer, if they are read.
        let squares: Int?
    }

    /// Narrows the ranges of a linear layer that reads the squares of the hidden neurons, and maybe those of the first
    /// layer.
    func refine(_ ranges: inout RefinedRanges, layer: IntegerNetwork.Layer, sources: Sources) {
        guard let matrix = layer.matrix(), let bias = layer.biasVector,
            matrix.columns == hidden.count + (sources.squares == nil ? 0 : prefix.hidden.columns),
            SemidefiniteBound.isAffordable(prefix, count: matrix.rows * 2)
        else { return }
        // Slopes are products with weights: Int64 must hold them.
        let limits = hidden.map { range -> ClosedRange<Int64>? in
            guard let low = Int64(exactly: range.lowerBound),
                let high = Int64(exactly: range.upperBound), low > -1 << 46, high < 1 << 46
            else { return nil }
            return low...high
        }
        guard limits.allSatisfy({ $0 != nil }),
            zip(matrix.weights, matrix.columnIndices).allSatisfy({ weight, column in
                let isHidden = (sources.hidden..<sources.hidden + hidden.count).contains(column)
                return weight.magnitude < (isHidden ? 1 << 15 : 1 << 46)
            })
        else { return }
        let proven = limits.compactMap { $0 }
        let found = WorkerPool().map(2 * matrix.rows) { task -> BigInt? in
            let (output, isUpper) = (task / 2, task % 2 == 0)
            var all = [Int64](repeating: 0, count: matrix.columns)
            for (column, weight) in matrix.row(output) { all[column] = isUpper ? weight : -weight }
            let weights = Array(all[sources.hidden..<sources.hidden + hidden.count])
            let direct = sources.squares.map { Array(all[$0..<$0 + prefix.hidden.columns]) }
            return maximum(weights, direct, proven)
        }
        for output in 0..<matrix.rows {
            let bias = BigInt(bias[output])
            if let upper = found[2 * output] {
                ranges.upperEnd(bias + upper, of: output, method: .joint)
            }
            if let lower = found[2 * output + 1] {
                ranges.lowerEnd(bias - lower, of: output, method: .joint)
            }
        }
    }

    private func maximum(
        _ weights: [Int64], _ direct: [Int64]?, _ limits: [ClosedRange<Int64>]
    ) -> BigInt? {
        var solver = SemidefiniteBound(prefix)
        var tangents = limits.map { max(min(0, $0.upperBound), $0.lowerBound) }
        var relaxed: Relaxation?
        for round in 0..<Self.rounds {
            guard let next = Relaxation(prefix, weights, direct, limits, tangents) else {
                return nil
            }
            relaxed = next
            solver.load(next.form, negated: false)
            solver.sweep(round == Self.rounds - 1 ? SemidefiniteBound.sweepsCount : 6)
            let values = prefix.hiddenMeans(solver.vectors)
            for (j, value) in values.enumerated() where weights[j] < 0 {
                let range = limits[j]
                let clamped = min(max(value, Double(range.lowerBound)), Double(range.upperBound))
                // The steps of Frank and Wolfe (1956) for the concave part, with their convergence.
                let step = 2 / Double(round + 2)
                tangents[j] += Int64((clamped - Double(tangents[j])) * step)
            }
        }
        guard let relaxed, let bound = solver.certifiedMaximum() else { return nil }
        return relaxed.constant + (bound << relaxed.shift)
    }
}
