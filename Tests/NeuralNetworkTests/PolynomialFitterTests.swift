// SPDX-License-Identifier: Apache-2.0

import Foundation
import PolynomialFitting
import TestSupport
import Testing

@Suite struct PolynomialFitterTests {
    static let searches: [FitMethod] = [.leastSquares, .chebyshev, .minimax]

    static func sigmoid(_ x: Double) -> Double { 1 / (1 + exp(-x)) }
    static func gelu(_ x: Double) -> Double { x / 2 * (1 + erf(x / 2.0.squareRoot())) }

    @Test(arguments: FitMethod.allCases) func aCubicIsFoundByDegree3AndUp(method: FitMethod) {
        let cubic = RealPolynomial(coefficients: [0.5, -2, 0.25, 3])
        let histogram = ActivationHistogram(
            values: ActivationSamples.normal(count: 1000, seed: 1).map { 2 + $0 })
        for degree in 3...7 {
            let fit = PolynomialFitter.fit(
                { cubic($0) }, over: histogram, degree: degree, method: method)
            #expect(fit.polynomial.degree == 3, "\(degree)")
            for (found, expected) in zip(fit.polynomial.coefficients, cubic.coefficients) {
                #expect(abs(found - expected) < 1e-10, "\(degree)")
            }
            #expect(fit.method == method)
            #expect(fit.maximumError < 1e-10)
            #expect(fit.rootMeanSquareError <= fit.maximumError)
        }
        #expect(PolynomialFitter.exact(cubic, over: histogram).rootMeanSquareError == 0)
    }

    /// E_n of e^x (Bernstein's table as quoted by Cheney, Introduction to Approximation Theory) and of |x|.
    @Test(arguments: [
        ("exp", 1, 0.27880), ("exp", 2, 0.04502), ("exp", 3, 5.528e-3), ("exp", 4, 5.467e-4),
        ("abs", 2, 0.125), ("abs", 4, 0.067621), ("abs", 5, 0.067621),
    ])
    func minimaxErrorsEquioscillate(name: String, degree: Int, expected: Double) {
        func function(_ x: Double) -> Double { name == "exp" ? exp(x) : abs(x) }
        let fit = PolynomialFitter.fit(
            function, over: ActivationSamples.uniform(-1...1), degree: degree, method: .minimax)
        #expect(abs(fit.maximumError - expected) < 2e-4 * expected)
        // On a grid of our own.
        let errors = (0...10000).map { index -> Double in
            let x = Double(index) / 5000 - 1
            return fit.polynomial(x) - function(x)
        }
        let greatest = errors.map(abs).max() ?? 0
        #expect(greatest < fit.maximumError * 1.001)
        var signs: [Bool] = []
        for error in errors where abs(error) > 0.999 * fit.maximumError {
            if signs.last != (error > 0) { signs.append(error > 0) }
        }
        #expect(signs.count >= degree + 2)
    }

    @Test func chebyshevSeriesOfExpAreBesselNumbers() {
        // e^x = I_0(1) + 2 I_1(1) T_1 + 2 I_2(1) T_2 + ... (Abramowitz and Stegun 9.6.34).
        let (a0, a1, a2) = (1.2660658777520084, 1.1303182079849701, 0.27149533953407656)
        let fit = PolynomialFitter.fit(
            exp, over: ActivationSamples.uniform(-1...1), degree: 2, method: .chebyshev)
        for (found, expected) in zip(fit.polynomial.coefficients, [a0 - a2, a1, 2 * a2]) {
            #expect(abs(found - expected) < 1e-13)
        }
    }

    @Test(arguments: 1...6) func leastSquaresErrorsAreOrthogonalToPowers(degree: Int) {
        let histogram = ActivationHistogram(
            values: ActivationSamples.normal(count: 5000, seed: 3).map { 1.5 * $0 + 0.5 }, bins: 64)
        let fit = PolynomialFitter.fit(
            Self.gelu, over: histogram, degree: degree, method: .leastSquares)
        #expect(fit.polynomial.degree == degree)
        let share = PolynomialFitter.uniformShare
        let fine = 200
        for power in 0...degree {
            var product = 0.0
            var size = 0.0
            for (bin, count) in histogram.counts.enumerated() {
                let weight = (1 - share) * Double(count) / Double(histogram.total) + share / 64
                for step in 0..<fine {
                    let place = (Double(bin) + (Double(step) + 0.5) / Double(fine)) / 32 - 1
                    let x = histogram.center + histogram.radius * place
                    let error = fit.polynomial(x) - Self.gelu(x)
                    product += weight * error * pow(place, Double(power))
                    size += weight * abs(error * pow(place, Double(power)))
                }
            }
            #expect(abs(product) < 1e-4 * size, "power \(power)")
        }
    }

    @Test func degree2OfReLUUnderANormalDistribution() {
        let histogram = ActivationHistogram(
            values: ActivationSamples.normal(count: 400_000, seed: 4))
        let fit = PolynomialFitter.fit(
            { max(0, $0) }, over: histogram, degree: 2, method: .leastSquares)
        // Without the uniform share: 1 / (2 sqrt(2 pi)) (1 + x^2) + x / 2.
        let half = 1 / (2 * (2 * Double.pi).squareRoot())
        for (found, expected) in zip(fit.polynomial.coefficients, [half, 0.5, half]) {
            #expect(abs(found - expected) < 0.012)
        }
        // With it: the normal equations of the mixture, from moments of both, even and odd powers apart.
        let share = PolynomialFitter.uniformShare
        let r = histogram.radius
        func mixed(_ normal: Double, _ uniform: Double) -> Double {
            (1 - share) * normal + share * uniform
        }
        let (m2, m4) = (mixed(1, r * r / 3), mixed(3, pow(r, 4) / 5))
        let (b0, b2) = (mixed(2 * half, r / 4), mixed(4 * half, pow(r, 3) / 8))
        let c2 = (b2 - m2 * b0) / (m4 - m2 * m2)
        for (found, expected) in zip(fit.polynomial.coefficients, [b0 - m2 * c2, 0.5, c2]) {
            #expect(abs(found - expected) < 0.005)
        }
        // Variance of max(0, x): 1/2 - 1/(2 pi). Error: that less 1/4 less 2 half^2.
        #expect(abs(fit.outputDeviation - (0.5 - 0.5 / .pi).squareRoot()) < 0.003)
        #expect(abs(fit.rootMeanSquareError - (0.25 - 0.5 / .pi - 0.25 / .pi).squareRoot()) < 0.003)
    }

    @Test(arguments: searches) func oddFunctionsHaveOddPolynomials(method: FitMethod) {
        let histogram = ActivationSamples.uniform(-4...4)
        for (asked, degree) in [(2, 1), (3, 3), (4, 3), (5, 5), (6, 5), (7, 7)] {
            let fit = PolynomialFitter.fit(tanh, over: histogram, degree: asked, method: method)
            #expect(fit.polynomial.degree == degree)
            for power in stride(from: 0, through: degree, by: 2) {
                #expect(abs(fit.polynomial.coefficients[power]) < 1e-13)
            }
        }
    }

    @Test func candidatesLeaveOutDegreesThatGainNothing() {
        let symmetric = ActivationSamples.uniform(-4...4)
        func degrees(_ f: (Double) -> Double, _ histogram: ActivationHistogram) -> [Int] {
            PolynomialFitter.candidates(f, over: histogram).map(\.polynomial.degree)
        }
        #expect(degrees(tanh, symmetric) == [1, 3, 5, 7])
        #expect(degrees(Self.sigmoid, symmetric) == [1, 3, 5, 7])
        #expect(degrees({ max(0, $0) }, symmetric) == [2, 4, 6])
        #expect(degrees({ 3 * $0 - 1 }, symmetric) == [1])
        #expect(degrees({ $0 * $0 }, symmetric) == [2])
        #expect(degrees({ _ in 4 }, symmetric) == [0])
        let lopsided = ActivationHistogram(
            values: ActivationSamples.normal(count: 20000, seed: 5).map { $0 + 1 })
        #expect(degrees(Self.gelu, lopsided) == [2, 3, 4, 5, 6, 7])
        let sampled = ActivationHistogram(
            values: ActivationSamples.normal(count: 20000, seed: 6).map { 2 * $0 })
        #expect(degrees(tanh, sampled) == [1, 3, 5, 7])
    }

    /// Of values that are few, what lies between them doesn't matter: a polynomial goes through them.
    @Test func fewValuesAreMet() throws {
        let bits = ActivationHistogram(values: (0..<100).map { Float($0 % 2) })
        let step = PolynomialFitter.candidates({ $0 > 0.5 ? 1 : 0 }, over: bits)
        #expect(step.count == 1 && step[0].polynomial.degree == 1)
        #expect(step[0].relativeError < 1e-12)
        let digits = ActivationHistogram(values: (0..<100).map { Float($0 % 4) })
        let found = PolynomialFitter.candidates({ $0 > 1.5 ? 1 : 0 }, over: digits)
        #expect(try #require(found.last).polynomial.degree == 3)
        #expect(try #require(found.last).relativeError < 1e-9)
    }

    @Test func candidatesAreTheBestOfTheirDegree() throws {
        let histogram = ActivationHistogram(
            values: ActivationSamples.normal(count: 20000, seed: 7).map { 2 * $0 + 0.5 })
        let candidates = PolynomialFitter.candidates(Self.gelu, over: histogram)
        var last = Double.infinity
        for candidate in candidates {
            #expect(candidate.rootMeanSquareError < last)
            last = candidate.rootMeanSquareError
            for method in Self.searches {
                let fit = PolynomialFitter.fit(
                    Self.gelu, over: histogram, degree: candidate.polynomial.degree, method: method)
                #expect(fit.rootMeanSquareError >= candidate.rootMeanSquareError * (1 - 1e-6))
            }
        }
        // Each method is best at what it is for.
        let fits = Self.searches.map {
            PolynomialFitter.fit(Self.gelu, over: histogram, degree: 4, method: $0)
        }
        #expect(
            fits.min { $0.rootMeanSquareError < $1.rootMeanSquareError }?.method == .leastSquares)
        #expect(fits.min { $0.maximumError < $1.maximumError }?.method == .minimax)
    }

    @Test(
        arguments: [
            [], [.nan], [5, 5, 5], [0], [-3e38, 3e38], [0x1p-140], [1000, 1000.5], [0, 1, 1e30],
        ] as [[Float]])
    func oddDataNeverTraps(values: [Float]) {
        let histogram = ActivationHistogram(values: values)
        let functions: [(Double) -> Double] = [
            { max(0, $0) }, Self.sigmoid, Self.gelu, exp, { 1 / $0 }, log, { _ in .nan },
            { $0 < 0.3 ? 0 : 1 }, { _ in 0 },
        ]
        for function in functions {
            for method in FitMethod.allCases {
                let fit = PolynomialFitter.fit(function, over: histogram, degree: 5, method: method)
                #expect(!fit.rootMeanSquareError.isNaN && !fit.maximumError.isNaN)
                let isFinite = fit.polynomial.coefficients.allSatisfy { $0.isFinite }
                #expect(isFinite)
            }
            let candidates = PolynomialFitter.candidates(function, over: histogram)
            let areFinite = candidates.allSatisfy { $0.rootMeanSquareError.isFinite }
            #expect(areFinite)
        }
        #expect(PolynomialFitter.candidates({ _ in .nan }, over: histogram).isEmpty)
        #expect(!PolynomialFitter.candidates({ max(0, $0) }, over: histogram).isEmpty)
    }
}
