// SPDX-License-Identifier: Apache-2.0

import BigIntegers
import Foundation
import PolynomialFitting
import TestSupport
import Testing

@Suite struct PolynomialScheduleTests {
    private func random(_ degree: Int, _ generator: inout SplitMix64) -> RealPolynomial {
        var coefficients = (0...degree).map { _ in Double.random(in: -1...1, using: &generator) }
        coefficients[degree] =
            (Bool.random(using: &generator) ? 1 : -1) * .random(in: 0.2...1, using: &generator)
        return RealPolynomial(coefficients: coefficients)
    }

    private func horner(_ coefficients: [Int64], _ z: BigInt) -> BigInt {
        coefficients.reversed().reduce(BigInt(0)) { $0 * z + BigInt($1) }
    }

    @Test(arguments: 1...7, 0..<40 as Range<UInt64>)
    func theStepsComputeTheIntegerPolynomial(degree: Int, seed: UInt64) throws {
        var generator = SplitMix64(seed: seed)
        let polynomial = random(degree, &generator)
        let scale = exp2(Double.random(in: -7 ... -4, using: &generator))
        let schedule = try PolynomialSchedule(polynomial, inputScale: scale)
        #expect(schedule.coefficients.count == degree + 1)
        #expect(schedule.coefficients[degree].magnitude == 1)
        // What is left of the power below: nothing where it would cost something.
        let second = degree == 2 || degree == 4 ? 0 : degree / 2
        if degree >= 2 { #expect(schedule.coefficients[degree - 1].magnitude <= second) }
        let distance = [0.5, 0.5, 0.5, 1.0 / 6, 0.5, 0.1, 1.0 / 6, 1.0 / 14][degree] + 1e-9
        #expect(abs(schedule.exactShift - Double(schedule.shift)) <= distance)
        #expect(
            schedule.outputScale == abs(polynomial.coefficients[degree])
                * pow(scale, Double(degree)))

        let huge = BigInt(Int64.random(in: .min ... .max, using: &generator))
        let inputs =
            (-20...20).map { BigInt($0) }
            + [BigInt(1) << 40, -(BigInt(1) << 40), huge, huge << 100, -huge * huge]
        for x in inputs {
            let expected = horner(schedule.coefficients, x + BigInt(schedule.shift))
            #expect(schedule(x) == expected, "\(polynomial), scale \(scale), x \(x)")
            if let small = Int64(exactly: x), let value = schedule(small) {
                #expect(BigInt(value) == expected)
            }
        }
        #expect(schedule(Int64(3)) != nil)
        #expect(schedule(Int64.max) == nil || degree == 1)
    }

    /// Rounding the shift moves an input by at most `exactShift` - `shift`; what else is rounded is smaller by the size
    /// of the input.
    @Test(arguments: 1...7, 0..<40 as Range<UInt64>)
    func theIntegerPolynomialStandsForTheRealOne(degree: Int, seed: UInt64) throws {
        var generator = SplitMix64(seed: 1000 + seed)
        let polynomial = random(degree, &generator)
        let range = -2.0...2.0
        for bits in [4.0, 8] {
            let scale = 2 / exp2(bits)
            let schedule = try PolynomialSchedule(polynomial, inputScale: scale)
            let error = schedule.roundingError(of: polynomial, inputScale: scale, over: range)
            #expect(error < 8 / exp2(bits), "\(polynomial)")
        }
    }

    /// A small second coefficient is kept where that is free.
    @Test(arguments: [
        [5, 7, 1, 1], [3, -2, 11, 6, -2, 1], [9, 5, 7, 2, 5, 2, 1],
        // (z^3 + 3 z^2 + 2 z + 5) (z^4 + 6 z^2 + 12) + 4 z^2 + 1
        [61, 24, 70, 24, 23, 8, 3, 1],
    ]) func secondCoefficientsAreExact(coefficients: [Double]) throws {
        let polynomial = RealPolynomial(coefficients: coefficients)
        let schedule = try PolynomialSchedule(polynomial, inputScale: 1)
        #expect(schedule.shift == 0)
        #expect(schedule.coefficients == coefficients.map { Int64($0) })
        #expect(schedule.roundingError(of: polynomial, inputScale: 1, over: -9...9) == 0)
    }

    /// Coefficients that are integers already, with shifts that are: nothing is rounded.
    @Test(arguments: 1...7) func integerPolynomialsAreExact(degree: Int) throws {
        let monic: [[Double]] = [
            [], [5, 1], [-3, 0, 1], [7, -4, 0, 1], [1, 9, -6, 0, 1], [2, 3, -5, 8, 0, 1],
            [4, -1, 3, 10, -6, 0, 1],
            // (z^3 + 2 z + 5) (z^4 + 6 z^2 + 12) + 3 z^2 + 1: 2 is the only root.
            [61, 24, 33, 24, 5, 8, 0, 1],
        ]
        let shift = degree == 1 ? 0.0 : 3
        let polynomial = RealPolynomial(coefficients: monic[degree]).shifted(by: shift)
        for sign in [1.0, -1] {
            let scaled = RealPolynomial(coefficients: polynomial.coefficients.map { sign * 8 * $0 })
            let schedule = try PolynomialSchedule(scaled, inputScale: 1)
            #expect(schedule.outputScale == 8)
            #expect(schedule.shift == Int64(shift))
            #expect(schedule.coefficients == monic[degree].map { Int64(sign * $0) })
            #expect(schedule.roundingError(of: scaled, inputScale: 1, over: -9...9) == 0)
            #expect(schedule(Int64(2)) == Int64(sign * polynomial(2)))
        }
    }

    @Test func countsAndDepths() throws {
        var generator = SplitMix64(seed: 11)
        var found: [[Int]] = []
        for degree in 0...7 {
            let schedule = try PolynomialSchedule(random(degree, &generator), inputScale: 0.01)
            let squares = schedule.steps.count(where: \.isSquare)
            found.append([
                schedule.productCount, squares, schedule.depth, schedule.scalarProductCount,
            ])
            // Every operand of a product is a value plus a constant.
            for operand in schedule.steps.flatMap({ [$0.left, $0.right] }) {
                #expect(operand.terms.count == 1 && operand.terms[0].coefficient == 1)
            }
        }
        // Products, squares among them, depth, products with integers.
        #expect(
            found == [
                [0, 0, 0, 0], [0, 0, 0, 0], [1, 1, 1, 0], [2, 1, 2, 0], [2, 2, 2, 1],
                [3, 2, 3, 1], [3, 2, 3, 2], [4, 2, 3, 1],
            ])
    }

    @Test func oddPolynomialsNeedNoShift() throws {
        let cubic = RealPolynomial(coefficients: [0, 0.5, 0, -0.02])
        let schedule = try PolynomialSchedule(cubic, inputScale: 1.0 / 64)
        #expect(schedule.shift == 0)
        #expect(schedule.coefficients == [0, 102400, 0, -1])
        #expect(schedule.outputScale == 0.02 / 262144)
    }

    @Test func constants() throws {
        for (coefficients, value, scale) in [
            ([], 0, 1), ([0, 0], 0, 1), ([2.5], 1, 2.5), ([-3, 0], -1, 3),
        ]
            as [([Double], Int64, Double)]
        {
            let schedule = try PolynomialSchedule(
                RealPolynomial(coefficients: coefficients), inputScale: 0.5)
            #expect(schedule(Int64(77)) == value)
            #expect(schedule.outputScale == scale)
            #expect(schedule.degree == 0 && schedule.depth == 0)
        }
    }

    @Test func whatDoesNotFitIsNamed() throws {
        func error(_ coefficients: [Double], _ scale: Double) -> PolynomialScheduleError? {
            do {
                _ = try PolynomialSchedule(
                    RealPolynomial(coefficients: coefficients), inputScale: scale)
                return nil
            } catch { return error }
        }
        // 1 / 2^-40 squared has 81 bits.
        #expect(
            error([1, 0, 1], exp2(-40)) == .integerTooLarge(degree: 2, power: 0, excessBits: 19))
        #expect(error([1, 0, 1], exp2(-30)) == nil)
        #expect(
            error([1, 0, 1], exp2(-31)) == .integerTooLarge(degree: 2, power: 0, excessBits: 1))
        #expect(
            error([0, 1, 0, 1], exp2(-35)) == .integerTooLarge(degree: 3, power: 1, excessBits: 9))
        // The shift.
        #expect(
            error([0, 1, exp2(-70)], 1) == .integerTooLarge(degree: 2, power: 1, excessBits: 8))
        // What fits rounded, but not in the schedule: the square of a half.
        #expect(
            error([0, 0, exp2(40), 0, 1], 1)
                == .integerTooLarge(degree: 4, power: 0, excessBits: 17))
        #expect(error(Array(repeating: 1, count: 9), 1) == .degreeTooHigh(8))
        for scale in [0, -1, .nan, .infinity, 1e-300] {
            #expect(error([1, 1, 1], scale) == .notRepresentable)
        }
        #expect(error([.nan, 1], 1) == .notRepresentable)
        #expect(error([1, .infinity], 1) == .notRepresentable)
        #expect(error([1e300, 0, 1e-300], 1) != nil)
        for example in [error([.nan], 1), error([1, 0, 1], exp2(-40)), .degreeTooHigh(9)] {
            #expect(example?.description.isEmpty == false)
        }
    }

    @Test func oddRangesHaveNoFiniteRoundingError() throws {
        let square = RealPolynomial(coefficients: [0, 1, 1])
        let schedule = try PolynomialSchedule(square, inputScale: 1)
        for range in [-1e308...1e308, 0 ... .infinity] as [ClosedRange<Double>] {
            #expect(
                schedule.roundingError(of: square, inputScale: 1, over: range) == .infinity)
        }
        let tiny = schedule.roundingError(of: square, inputScale: 1, over: 0...0)
        #expect(tiny.isFinite)
        // 2^80 and beyond are integers of any size.
        #expect(schedule.roundingError(of: square, inputScale: 1, over: 0...1e30) < 1e-9)
    }
}
