// SPDX-License-Identifier: Apache-2.0

import BigIntegers

/// What one unit of each integer output stands for: of output i, `scale` * 2^`exponents[i]`.
///
/// Quantities of very different sizes need units of their own, or the small ones would be lost in rounding. Outputs that
/// a decision compares have one unit.
package struct OutputUnits: Sendable, Equatable {
    package let scale: Double
    /// Of each output, none above 0; none at all where all have one unit.
    package let exponents: [Int]

    package static let lowestExponent = -64

    /// - Throws: `NetworkError` when a unit is not a positive number, the exponents are not as many as outputs, or the
    ///   decision compares outputs of different units.
    package init(
        scale: Double, exponents: [Int] = [], outputs: Int, decision: Decision
    ) throws(NetworkError) {
        guard scale.isNormal, scale > 0 else {
            throw .invalidQuantization("the output's scale \(scale) is not a positive number")
        }
        if !exponents.isEmpty {
            guard exponents.count == outputs else {
                throw .wrongCount(
                    of: "exponents of output units", expected: outputs, found: exponents.count)
            }
            guard decision == .regression else {
                throw .invalidQuantization("a decision compares outputs of different units")
            }
            guard exponents.allSatisfy({ (Self.lowestExponent...0).contains($0) }),
                exponents.contains(where: { $0 != 0 }),
                (scale * Double(sign: .plus, exponent: Self.lowestExponent, significand: 1))
                    .isNormal
            else {
                throw .invalidQuantization(
                    "exponents of output units outside \(Self.lowestExponent)...0, or all zero")
            }
        }
        self.scale = scale
        self.exponents = exponents
    }

    /// What one unit of an output stands for.
    package func unit(ofOutput index: Int) -> Double {
        exponents.isEmpty
            ? scale : scale * Double(sign: .plus, exponent: exponents[index], significand: 1)
    }

    /// What integer outputs stand for.
    package func reals(_ logits: [BigInt]) -> [Double] {
        logits.indices.map { logits[$0].doubleTowardZero * unit(ofOutput: $0) }
    }
}
