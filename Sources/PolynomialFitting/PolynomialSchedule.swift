// SPDX-License-Identifier: Apache-2.0

/// How to evaluate a polynomial p of reals in integers: with few products, in the least multiplicative depth, without
/// rounding.
///
/// An integer x stands for the real s x. With z = x + `shift` the schedule computes the integer polynomial whose
/// `coefficients` are those of p(s x) / `outputScale` as powers of z, rounded: +-z^d, next to no z^(d-1), ..., c_0.
package struct PolynomialSchedule: Sendable, Equatable {
    /// constant + the sum of coefficient times value. Value 0 is z, value i the product of step i - 1.
    package struct Combination: Sendable, Equatable {
        package struct Term: Sendable, Equatable {
            package let value: Int
            package let coefficient: Int64
        }

        package let constant: Int64
        package let terms: [Term]
    }

    /// A product of two combinations of earlier values.
    package struct Step: Sendable, Equatable {
        package let left: Combination
        package let right: Combination

        /// Whether both operands are the same, which is cheaper.
        package var isSquare: Bool { left == right }
    }

    /// The highest degree with a schedule.
    package static let maximumDegree = 7
    /// All integers of a schedule are below 2^62 in size.
    package static let maximumBits = 62

    /// h of z = x + h.
    package let shift: Int64
    /// What p wants instead: 1/2 away at most, for degrees 3, 5 and 7 1/(2 d), for degree 6 1/6. Where the layer before
    /// has a bias to be rounded, bias and this are better rounded together.
    package let exactShift: Double
    package let steps: [Step]
    package let result: Combination
    /// What one unit of the result stands for: |c_d| s^d.
    package let outputScale: Double
    /// The integer polynomial that is computed, as powers of z, the lowest first; the last is 1 or -1 from degree 1 on,
    /// the one before at most half the degree.
    package let coefficients: [Int64]

    /// - Parameters:
    ///   - polynomial: of degree 0...7.
    ///   - inputScale: s > 0: an input x stands for the real s x.
    package init(
        _ polynomial: RealPolynomial, inputScale: Double
    ) throws(PolynomialScheduleError) {
        let depressed = try DepressedPolynomial(polynomial, inputScale: inputScale)
        var builder = ScheduleBuilder(depressed)
        let remainder = try builder.addSteps()
        (result, coefficients) = try builder.finish(remainder: remainder)
        steps = builder.steps
        shift = depressed.shift
        exactShift = depressed.exactShift
        outputScale = depressed.outputScale
    }

    package var degree: Int { max(0, coefficients.count - 1) }

    /// Products of two values that depend on the input.
    package var productCount: Int { steps.count }

    /// Products of a value with an integer other than 1 and -1.
    package var scalarProductCount: Int {
        let combinations =
            steps.flatMap { $0.isSquare ? [$0.left] : [$0.left, $0.right] } + [result]
        return combinations.flatMap(\.terms).count { $0.coefficient.magnitude != 1 }
    }

    /// Products that follow one another on the way from z to the result.
    package var depth: Int {
        var depths = [0]
        func depth(_ combination: Combination) -> Int {
            combination.terms.map { depths[$0.value] }.max() ?? 0
        }
        for step in steps { depths.append(1 + max(depth(step.left), depth(step.right))) }
        return depth(result)
    }
}
