// SPDX-License-Identifier: Apache-2.0

/// Why a polynomial has no integer schedule.
package enum PolynomialScheduleError: Error, Equatable, CustomStringConvertible {
    /// A coefficient or the input scale is not finite, the scale is not positive, or the output scale is beyond Double.
    case notRepresentable
    /// More than `PolynomialSchedule.maximumDegree`.
    case degreeTooHigh(Int)
    /// For a polynomial of this degree, the integer that goes with this power (or the shift that removes it) has so
    /// many bits more than `PolynomialSchedule.maximumBits`. About that many bits over degree - power fewer in the
    /// input would do, or a lower degree.
    case integerTooLarge(degree: Int, power: Int, excessBits: Int)

    package var description: String {
        switch self {
        case .notRepresentable:
            "the polynomial's coefficients or its input scale cannot be turned into integers"
        case .degreeTooHigh(let degree):
            "a polynomial of degree \(degree); the highest is \(PolynomialSchedule.maximumDegree)"
        case .integerTooLarge(let degree, let power, let excess):
            "a polynomial of degree \(degree) needs \(excess) bits too many for the power \(power): fewer input bits or a lower degree would do"
        }
    }
}
