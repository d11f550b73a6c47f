// SPDX-License-Identifier: Apache-2.0

import BigIntegers

#if canImport(Darwin)
    import Darwin
#elseif canImport(Musl)
    import Musl
#else
    import Glibc
#endif

extension PolynomialSchedule {
    /// The schedule's result for an input x of any size, by its steps.
    package func callAsFunction(_ x: BigInt) -> BigInt {
        var values = [x + BigInt(shift)]
        func combined(_ combination: Combination) -> BigInt {
            combination.terms.reduce(BigInt(combination.constant)) {
                $0 + BigInt($1.coefficient) * values[$1.value]
            }
        }
        for step in steps { values.append(combined(step.left) * combined(step.right)) }
        return combined(result)
    }

    /// The schedule's result for an input x by its steps, or nil where the result, or anything on the way, is beyond
    /// Int64.
    package func callAsFunction(_ x: Int64) -> Int64? {
        let (z, overflow) = x.addingReportingOverflow(shift)
        var values = [z]
        var isExact = !overflow
        func combined(_ combination: Combination) -> Int64 {
            var sum = combination.constant
            for term in combination.terms {
                let product = term.coefficient.multipliedReportingOverflow(by: values[term.value])
                let next = sum.addingReportingOverflow(product.partialValue)
                isExact = isExact && !product.overflow && !next.overflow
                sum = next.partialValue
            }
            return sum
        }
        for step in steps {
            let product = combined(step.left).multipliedReportingOverflow(by: combined(step.right))
            isExact = isExact && !product.overflow
            values.append(product.partialValue)
        }
        let value = combined(result)
        return isExact ? value : nil
    }

    /// The greatest |outputScale schedule(x) - p(s x)| at 1025 integers x over a range of reals s x, by the width of
    /// what p takes there: what rounding the shift and the coefficients costs. Where p takes one value only, not
    /// divided. Infinite for a range that isn't finite.
    ///
    /// - Parameters:
    ///   - polynomial, inputScale: those the schedule was made from.
    package func roundingError(
        of polynomial: RealPolynomial, inputScale: Double, over range: ClosedRange<Double>
    ) -> Double {
        let intervals = 1024
        var greatest = 0.0
        var lowest = Double.infinity
        var highest = -Double.infinity
        for index in 0...intervals {
            let share = Double(index) / Double(intervals)
            let real = range.lowerBound * (1 - share) + range.upperBound * share
            guard let x = BigInt(rounding: real / inputScale) else { return .infinity }
            let expected = polynomial(inputScale * x.doubleTowardZero)
            let difference = abs(outputScale * self(x).doubleTowardZero - expected)
            guard difference.isFinite else { return .infinity }
            greatest = max(greatest, difference)
            lowest = min(lowest, expected)
            highest = max(highest, expected)
        }
        let width = highest - lowest
        return width > 0 ? greatest / width : greatest
    }
}

extension BigInt {
    /// The nearest integer; nil for NaN and infinities.
    init?(rounding value: Double) {
        let rounded = value.rounded()
        guard rounded.isFinite else { return nil }
        if let small = Int64(exactly: rounded) {
            self.init(small)
        } else {
            // From 2^63 on a Double is an integer with 53 bits that count.
            let bits = Int64(scalbn(rounded.significand, 52))
            let size = BigInt(bits) << (Int(rounded.exponent) - 52)
            self = rounded < 0 ? -size : size
        }
    }
}
