// SPDX-License-Identifier: Apache-2.0

import BigIntegers
import IntegerNetworks
import TestSupport
import Testing

/// The step that turns a guess in floating point into a proof: matrices that are just not semidefinite must be refused.
@Suite struct BandCholeskyTests {
    /// x^T A x with A of ones: its largest value over the box |d| <= 1 is count^2.
    private func ones(_ count: Int) -> QuadraticForm {
        QuadraticForm(
            constant: 0, linear: [Int64](repeating: 0, count: count),
            band: [Int64](repeating: 1, count: count * count), bandwidth: count - 1, radius: 1,
            size: Int64(count * count))
    }

    private func matrix(_ count: Int) -> BandCholesky {
        BandCholesky(ones(count), negated: false, shift: 0)
    }

    /// S = D - M with D = margins + 1 on the diagonal: eigenvalues margin + 1 - count and margin + 1.
    @Test(arguments: 2...12) func refusesWhatIsNotSemidefinite(count: Int) {
        var proven = matrix(count)
        let enough = [Double](repeating: Double(count), count: count) + [1]
        let total = proven.provenTotal(margins: enough)
        #expect(total != nil)
        // No bound below the true maximum, ever.
        if let total { #expect(total >= BigInt(count * count)) }
        for missing in 0..<count where count > 2 {
            var margins = enough
            for i in 0..<count { margins[i] = Double(count - 2) }
            margins[missing] = 1
            var refused = matrix(count)
            #expect(refused.provenTotal(margins: margins) == nil, "\(missing)")
        }
    }

    /// What rounding may have hidden is added: N c with c = (N + 2) u trace(S), and one for underflow. Margins of 1 show
    /// the one, margins near 2^52 the other.
    @Test(arguments: [2, 3, 12], [0, 30, 48, 51]) func addsWhatRoundingMayHide(
        count: Int, bits: Int
    ) throws {
        let margin =
            Double(count) + (bits == 0 ? 0 : Double(sign: .plus, exponent: bits, significand: 1))
        var matrix = matrix(count)
        let proven = matrix.provenTotal(
            margins: [Double](repeating: margin, count: count) + [1])
        let total = try #require(proven)
        let trace = BigInt(count) * BigInt(Int64(margin)) + 1
        let order = BigInt(count + 1)
        // D_i is one above the margin, but for the constant variable.
        let hidden = total - trace - BigInt(count) - 1
        #expect(hidden << 53 >= order * (order + 2) * trace)
    }

    /// A negative corner: the constant variable's margin is too small for the linear part.
    @Test func refusesASmallCorner() {
        let form = QuadraticForm(
            constant: 0, linear: [100], band: [0], bandwidth: 0, radius: 1, size: 200)
        var matrix = BandCholesky(form, negated: false, shift: 0)
        #expect(matrix.provenTotal(margins: [100, 99]) == nil)
        #expect(matrix.provenTotal(margins: [100, 101]) != nil)
        #expect(matrix.provenTotal(margins: [.nan, 101]) == nil)
    }
}
