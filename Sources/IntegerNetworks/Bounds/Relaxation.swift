// SPDX-License-Identifier: Apache-2.0

import BigIntegers

/// sum_j v_j h_j^2 + sum_p u_p s_p <= constant + 2^shift * form, for hidden neurons within their limits (see
/// `JointBound`).
struct Relaxation {
    let constant: BigInt
    let shift: Int
    let form: QuadraticForm

    /// - Parameters:
    ///   - weights: v_j, below 2^15.
    ///   - direct: u_p, below 2^46. The form takes them rounded up to multiples of 2^shift, which is no less since s_p
    ///     >= 0.
    ///   - limits: l...u of each h_j, below 2^46.
    ///   - tangents: where to touch the squares of negative weight.
    init?(
        _ prefix: QuadraticPrefix, _ weights: [Int64], _ direct: [Int64]?,
        _ limits: [ClosedRange<Int64>], _ tangents: [Int64]
    ) {
        let slopes = weights.indices.map { j in
            weights[j] > 0 ? limits[j].lowerBound + limits[j].upperBound : 2 * tangents[j]
        }
        // The smallest power of two that brings the form's integers below 2^50.
        var shift = 1
        func sum(_ shift: Int) -> (combination: [Int64], bias: Int64)? {
            let round = Int64(1) << Int64(shift) - 1
            return Self.sum(
                prefix, weights, slopes.map { $0 >> Int64(shift) },
                direct.map { $0.map { ($0 + round) >> Int64(shift) } })
        }
        var sums = sum(shift)
        while sums.flatMap({ prefix.size(combination: $0.combination, bias: $0.bias) }) ?? .max
            >= 1 << 50
        {
            shift += 1
            guard shift < 60 else { return nil }
            sums = sum(shift)
        }
        guard let sums, let form = prefix.form(combination: sums.combination, bias: sums.bias)
        else { return nil }
        self.form = form
        self.shift = shift
        var constant = BigInt(0)
        for (j, weight) in weights.enumerated() where weight != 0 {
            let slope = BigInt((slopes[j] >> Int64(shift)) << Int64(shift))
            let intercept: BigInt
            if weight > 0 {
                let low = BigInt(limits[j].lowerBound)
                let high = BigInt(limits[j].upperBound)
                intercept = max(low * (low - slope), high * (high - slope))
            } else {
                // The slope is even.
                let half = slope >> 1
                intercept = -(half * half)
            }
            constant += BigInt(weight) * intercept
        }
        self.constant = constant
    }

    /// sum_j v_j slope_j h_j + sum_p direct_p s_p over the squares; nil on overflow.
    private static func sum(
        _ prefix: QuadraticPrefix, _ weights: [Int64], _ slopes: [Int64], _ direct: [Int64]?
    ) -> (combination: [Int64], bias: Int64)? {
        var combination = direct ?? [Int64](repeating: 0, count: prefix.hidden.columns)
        var bias: Int64 = 0
        for j in weights.indices {
            // Below 2^15 * 2^47.
            let factor = weights[j] * slopes[j]
            guard factor != 0 else { continue }
            for entry in prefix.hidden.entries(ofRow: j) {
                let (part, overflow) = factor.multipliedReportingOverflow(
                    by: prefix.hidden.weights[entry])
                let column = prefix.hidden.columnIndices[entry]
                let (sum, carry) = combination[column].addingReportingOverflow(part)
                guard !overflow, !carry else { return nil }
                combination[column] = sum
            }
            let (part, overflow) = factor.multipliedReportingOverflow(by: prefix.hiddenBias[j])
            let (sum, carry) = bias.addingReportingOverflow(part)
            guard !overflow, !carry else { return nil }
            bias = sum
        }
        return (combination, bias)
    }
}

extension QuadraticPrefix {
    /// The hidden neurons' values under relaxed inputs, one vector each and the last for 1: a guide only, in floating
    /// point.
    func hiddenMeans(_ vectors: [SemidefiniteBound.Vector]) -> [Double] {
        let squares = centers.indices.map { p -> Double in
            var sum = Float(centers[p]) * vectors[inputs]
            for entry in rowStarts[p]..<rowStarts[p + 1] {
                sum += Float(radius * weights[entry]) * vectors[Int(columns[entry])]
            }
            return Double((sum * sum).sum()) / 4
        }
        return (0..<hidden.rows).map { j in
            hidden.entries(ofRow: j).reduce(Double(hiddenBias[j])) {
                $0 + Double(hidden.weights[$1]) * squares[hidden.columnIndices[$1]]
            }
        }
    }
}
