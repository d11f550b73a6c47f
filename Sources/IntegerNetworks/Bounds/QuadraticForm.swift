// SPDX-License-Identifier: Apache-2.0

/// A function of the centred input, in exact integers: with every |d_i| <= 1,
///
///     4 h = constant + radius * (sum_ij radius A_ij d_i d_j + 2 sum_i linear_i d_i)
///
/// `QuadraticPrefix` makes it such that |constant|, radius^2 sum |A_ij| and 2 radius sum |linear_i| add up to `size` at
/// most, which is below 2^52: sums of entries fit Int64, and each entry is exact in a Double.
package struct QuadraticForm {
    static let maximumSize = 1 << 52

    let constant: Int64
    let linear: [Int64]
    /// Lower band of A: A_(i, i - k) at i * (bandwidth + 1) + k.
    let band: [Int64]
    let bandwidth: Int
    let radius: Int64
    let size: Int64

    package init(
        constant: Int64, linear: [Int64], band: [Int64], bandwidth: Int, radius: Int64,
        size: Int64
    ) {
        self.constant = constant
        self.linear = linear
        self.band = band
        self.bandwidth = bandwidth
        self.radius = radius
        self.size = size
    }

    var count: Int { linear.count }

    /// Bounds 4h by absolute row sums: off-diagonal terms by their magnitude, d_i^2 within [0, 1].
    func rowSums() -> ClosedRange<Int64> {
        var offDiagonal: Int64 = 0
        var positive: Int64 = 0
        var negative: Int64 = 0
        let width = bandwidth + 1
        for i in 0..<count {
            let diagonal = band[i * width]
            if diagonal > 0 { positive += diagonal } else { negative += diagonal }
            for k in 1..<width where k <= i { offDiagonal += 2 * abs(band[i * width + k]) }
        }
        let linearSum = linear.reduce(0) { $0 + 2 * abs($1) }
        let lower = radius * (negative - offDiagonal) - linearSum
        let upper = radius * (positive + offDiagonal) + linearSum
        return constant + radius * lower...constant + radius * upper
    }
}
