// SPDX-License-Identifier: Apache-2.0

#if canImport(Darwin)
    import Darwin
#elseif canImport(Musl)
    import Musl
#else
    import Glibc
#endif

/// p(s x) / (|c_d| s^d) about the shift that (nearly) removes the power d - 1: +-(y^d + q_(d-1) y^(d-1) + ... + q_0)
/// for y = x + `exactShift`.
///
/// The shift is to be an integer. Where a small integer q_(d-1) costs nothing, it stands in for the shift's fraction: d
/// units of it for a shift by one.
struct DepressedPolynomial {
    /// q_0 ... q_(d-1); the leading coefficient, 1, is left out. q_(d-1) is an integer of at most d/2 in size.
    let lower: [Double]
    /// The sign of c_d; 0 for the polynomial 0.
    let sign: Int64
    let exactShift: Double
    /// An integer beside it: 1/2 away at most, for degrees 3, 5 and 7 1/(2 d), for degree 6 1/6.
    let shift: Int64
    /// |c_d| s^d.
    let outputScale: Double

    var degree: Int { lower.count }

    init(_ polynomial: RealPolynomial, inputScale: Double) throws(PolynomialScheduleError) {
        let degree = polynomial.degree
        guard polynomial.coefficients.allSatisfy(\.isFinite), inputScale.isFinite, inputScale > 0
        else { throw .notRepresentable }
        guard degree <= PolynomialSchedule.maximumDegree else { throw .degreeTooHigh(degree) }
        let leading =
            polynomial.coefficients.indices.contains(degree)
            ? polynomial.coefficients[degree] : 0
        sign = leading == 0 ? 0 : leading < 0 ? -1 : 1
        // The polynomial 0 has degree 0 and any output scale.
        outputScale = leading == 0 ? 1 : leading.magnitude * pow(inputScale, Double(degree))
        guard outputScale.isFinite, outputScale >= .leastNormalMagnitude else {
            throw .notRepresentable
        }

        let monic = (0..<degree).map {
            polynomial.coefficients[$0] / leading / pow(inputScale, Double(degree - $0))
        }
        // A line keeps its constant: there is nothing to gain.
        let removing = degree < 2 ? 0 : monic[degree - 1] / Double(degree)
        shift = try roundedInteger(removing, degree: degree, power: degree - 1)
        let unit: Double =
            switch degree {
            case 3, 5, 7: 1
            case 6: 2
            default: .infinity
            }
        let fraction = removing - Double(shift)
        let second = unit.isFinite ? (Double(degree) * fraction / unit).rounded() * unit : 0
        exactShift = removing - second / Double(degree)
        var shifted = RealPolynomial(coefficients: monic + [1]).shifted(by: -exactShift)
            .coefficients
        shifted.removeLast()
        if degree >= 2 { shifted[degree - 1] = second }
        lower = shifted
    }
}

/// The nearest integer, if it is below 2^62 in size.
func roundedInteger(
    _ value: Double, degree: Int, power: Int
) throws(PolynomialScheduleError) -> Int64 {
    let rounded = value.rounded()
    guard rounded.isFinite else { throw .notRepresentable }
    guard let integer = Int64(exactly: rounded),
        integer.magnitude >> PolynomialSchedule.maximumBits == 0
    else {
        let excess = Int(rounded.exponent) + 1 - PolynomialSchedule.maximumBits
        throw .integerTooLarge(degree: degree, power: power, excessBits: excess)
    }
    return integer
}
