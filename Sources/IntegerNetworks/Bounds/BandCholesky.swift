// SPDX-License-Identifier: Apache-2.0

import BigIntegers

/// Proves D - M positive semidefinite, up to a shift that is accounted for, by a floating-point Cholesky factorization
/// that runs to completion.
///
/// The matrix S, of order N, has integer entries exact in Double. If the factorization ends with all pivots positive,
/// there is E with S + E = R^T R and |E_ij| <= g / (1 - g) sqrt(S_ii S_jj), g = (N + 1) u / (1 - (N + 1) u), u = 2^-53
/// (Demmel, 1989; Higham, "Accuracy and Stability of Numerical Algorithms", theorem 10.5 and its proof; whatever the
/// order of the sums). The matrix of sqrt(S_ii S_jj) has norm trace(S), so S >= -c I with c = g / (1 - g) trace(S)
/// (Rump, 2006), and g / (1 - g) <= (N + 2) u for N < 2^25. Underflow in an operation adds at most 2^-1074, times
/// entries below 2^60 and N^2 operations far less than 1/N; one whole unit of the total is added for it.
package struct BandCholesky {
    private let n: Int
    private let width: Int
    /// Lower band by columns: S_(j + k, j) at j * width + k; the diagonal is filled in for each attempt.
    private let band: [Double]
    private let border: [Double]
    /// M_ii * 2^shift, by which D_i = S_ii + M_ii.
    private let diagonal: [Int64]

    /// The matrix M of `SemidefiniteBound` times 2^shift; entries stay below 2^52.
    package init(_ form: QuadraticForm, negated: Bool, shift: Int) {
        n = form.count
        width = form.bandwidth + 1
        let sign: Int64 = negated ? -1 : 1
        var band = [Double](repeating: 0, count: n * width)
        var diagonal: [Int64] = []
        for i in 0..<n {
            diagonal.append((sign * form.radius * form.band[i * width]) << Int64(shift))
            for k in 1..<width where k <= i {
                let entry = (-sign * form.radius * form.band[i * width + k]) << Int64(shift)
                band[(i - k) * width + k] = Double(entry)
            }
        }
        self.band = band
        self.diagonal = diagonal
        border = form.linear.map { Double((-sign * $0) << Int64(shift)) }
    }

    /// An upper bound of sum D_i, in units of 2^-shift, for D_i = margins_i + M_ii raised to at least 0; nil if not
    /// proven.
    ///
    /// - Parameter margins: whole positive numbers, one an input and one for the constant variable.
    package mutating func provenTotal(margins: [Double]) -> BigInt? {
        precondition(margins.count == n + 1)
        var pivots = margins
        var total = BigInt(0)
        var trace: Int64 = 0
        for i in 0...n {
            // Also refuses NaN.
            guard pivots[i] >= 1, pivots[i] < 0x1p52 else { return nil }
            // D_i >= 0 is a condition except for the constant variable.
            if i < n, Int64(pivots[i]) + diagonal[i] < 0 { pivots[i] = Double(-diagonal[i]) }
            let margin = Int64(pivots[i])
            let (sum, overflow) = trace.addingReportingOverflow(margin)
            guard !overflow else { return nil }
            trace = sum
            total += BigInt(margin + (i < n ? diagonal[i] : 0))
        }
        guard n < 1 << 24, factorizes(pivots) else { return nil }
        // N times the shift c, rounded up, and one for underflow.
        let order = BigInt(n + 1)
        let shift = (order * (order + 2) * BigInt(trace)) >> 53
        return total + shift + 2
    }

    private func factorizes(_ pivots: [Double]) -> Bool {
        var band = self.band
        var border = self.border
        var corner = pivots[n]
        for i in 0..<n { band[i * width] = pivots[i] }
        let width = self.width
        let n = self.n
        return band.withUnsafeMutableBufferPointer { band in
            border.withUnsafeMutableBufferPointer { border in
                for j in 0..<n {
                    let column = j * width
                    guard band[column] > 0 else { return false }
                    let root = band[column].squareRoot()
                    let reach = min(width, n - j)
                    for k in 1..<max(reach, 1) { band[column + k] /= root }
                    border[j] /= root
                    let last = border[j]
                    for k in 1..<max(reach, 1) {
                        let factor = band[column + k]
                        guard factor != 0 else { continue }
                        let target = (j + k) * width
                        for m in k..<reach { band[target + m - k] -= factor * band[column + m] }
                        border[j + k] -= factor * last
                    }
                    corner -= last * last
                }
                return corner > 0
            }
        }
    }
}
