// SPDX-License-Identifier: Apache-2.0

import IntegerNetworks
import PolynomialFitting

/// What a quantization may do, and how much may change.
public struct QuantizationOptions: Sendable, Equatable {
    /// Of weights and inputs, signed: b bits stand for magnitudes up to 2^(b - 1) - 1.
    public var bits = 3...8
    /// Of the polynomials in place of activations.
    public var degrees = 2...7
    /// What activations become.
    package var activations = Activations.polynomials
    /// Degrees forced on activations, in order of the network; nil chooses.
    package var forcedDegrees: [Int?] = []
    /// Largest range of the outputs by interval arithmetic, in bits; nil takes what the tolerances ask for.
    package var rangeBudget: Double?
    /// Whether channels may have scales and polynomials of their own.
    package var perChannel = true
    package var calibration: RangeMethod = .mse
    /// Share of decisions that integers may change, and that errors of their size may be expected to.
    package var decisionTolerance = 0.003
    /// Root of the mean square change of the outputs by integers, by their deviation; nil: 1/8 for decisions, 0.01 for
    /// regressions.
    package var errorTolerance: Double?
    /// Bits of range that aren't worth saving: a plaintext modulus has as many anyway.
    package var freeRange = 20.0
    /// Most samples to measure on; the ranges of inputs come from all.
    package var samples = 500
    /// Most products one after another.
    package var depthLimit = 8

    package enum Activations: Sendable, Equatable {
        /// Polynomials near them.
        case polynomials
        /// Themselves, as tables of at most so many values; nil: of the fewest of `valuesTried` that keep the outputs near.
        case tables(values: Int?)

        /// Values of a run, from few products to many.
        package static let valuesTried = [64, 256, 1024, LookupTables.mostValues]

        package var areTables: Bool { if case .tables = self { true } else { false } }
    }

    /// The defaults: 3 to 8 bits, polynomials of degree 2 to 7.
    package init() {}

    /// The same with bits from 2 to so many; nil where 2 are among them already.
    package func fewest(atMost most: Int) -> QuantizationOptions? {
        guard bits.lowerBound > 2 else { return nil }
        var fewer = self
        fewer.bits = 2...max(2, min(bits.upperBound, most))
        return fewer
    }

    /// The same for trees whose leaves alone are secret: a linear model, of which bits cost little. Where nothing else was
    /// asked for.
    package var ofLeaves: QuantizationOptions {
        guard bits == QuantizationOptions().bits, errorTolerance == nil else { return self }
        var options = self
        options.bits = 3...24
        options.errorTolerance = 1e-5
        options.decisionTolerance = 0
        return options
    }

    /// The same with tables for activations: one plaintext modulus of 17 bits takes them and the outputs; shorter ones are
    /// worth a decision in a hundred, for they take half the time and less.
    package var ofTables: QuantizationOptions {
        var options = self
        if !activations.areTables { options.activations = .tables(values: nil) }
        options.freeRange = min(freeRange, 15)
        options.decisionTolerance = max(decisionTolerance, 0.01)
        return options
    }

    func check() throws(QuantizationError) {
        guard bits.lowerBound >= 2, bits.upperBound <= 24 else {
            throw .invalidOptions("bits \(bits); 2 to 24 are accepted")
        }
        guard degrees.lowerBound >= 1, degrees.upperBound <= PolynomialSchedule.maximumDegree else {
            throw .invalidOptions(
                "degrees \(degrees); 1 to \(PolynomialSchedule.maximumDegree) are accepted")
        }
        for degree in forcedDegrees.compactMap({ $0 }) {
            guard (1...PolynomialSchedule.maximumDegree).contains(degree) else {
                throw .invalidOptions(
                    "degree \(degree); 1 to \(PolynomialSchedule.maximumDegree) are accepted")
            }
        }
        guard decisionTolerance >= 0, errorTolerance ?? 1 > 0 else {
            throw .invalidOptions("a tolerance that is not positive")
        }
        guard samples > 0, depthLimit > 0 else {
            throw .invalidOptions("no samples, or no depth")
        }
    }

    /// Largest magnitude of an integer of so many bits.
    static func levels(bits: Int) -> Int { (1 << (bits - 1)) - 1 }
}
