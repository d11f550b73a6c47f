#if canImport(Darwin)
    import Darwin
#elseif canImport(Musl)
    import Musl
#else
    import Glibc
#endif

/// p(s x) / (|c_d| s^d) about the shift that removes the power d - 1: +-(y^d + 0 y^(d-1) + ... + q_0) for y = x + exact shift.
struct DepressedPolynomial {
    /// q_0 ... q_(d-1); the leading coefficient, 1, is left out.
    let lower: [Double]
    /// The sign of c_d; 0 for the polynomial 0.
    let sign: Int64
    /// The exact shift, rounded.
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
        let exactShift = degree < 2 ? 0 : monic[degree - 1] / Double(degree)
        shift = try roundedInteger(exactShift, degree: degree, power: degree - 1)
        var shifted = RealPolynomial(coefficients: monic + [1]).shifted(by: -exactShift)
            .coefficients
        shifted.removeLast()
        if degree >= 2 { shifted[degree - 1] = 0 }
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
