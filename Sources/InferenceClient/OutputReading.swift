// SPDX-License-Identifier: Apache-2.0

import BigIntegers
import IntegerNetworks

/// What integer outputs mean: their proven ranges, and how they become values and a label.
package struct OutputReading: Sendable, Equatable {
    /// The range of each output.
    package let bounds: [ClosedRange<BigInt>]
    /// How they were found, in words.
    package let boundMethod: String
    /// Whether they hold for every input in the box. False where the bounds are what calibration samples gave, and a
    /// margin: an input beyond them may give a wrong result.
    package let rangeIsProven: Bool
    /// Real value of one unit of an output.
    package let scale: Double
    /// A name for each class, or for each output of a regression.
    package let labels: [String]
    package let decision: Decision
    /// What the client applies to the outputs.
    package let transform: OutputTransform

    package init(
        bounds: [ClosedRange<BigInt>], boundMethod: String, rangeIsProven: Bool, scale: Double,
        labels: [String], decision: Decision, transform: OutputTransform
    ) {
        self.bounds = bounds
        self.boundMethod = boundMethod
        self.rangeIsProven = rangeIsProven
        self.scale = scale
        self.labels = labels
        self.decision = decision
        self.transform = transform
    }

    /// The outputs of `network`, with bounds from elsewhere.
    package init(
        _ network: IntegerNetwork, bounds: [ClosedRange<BigInt>], boundMethod: String,
        rangeIsProven: Bool
    ) {
        self.init(
            bounds: bounds, boundMethod: boundMethod, rangeIsProven: rangeIsProven,
            scale: network.outputScale, labels: network.labels, decision: network.decision,
            transform: network.transform)
    }

    package var count: Int { bounds.count }

    /// The widest range of an output: a result is known from its residue modulo any larger number.
    package var widestRange: BigInt {
        bounds.reduce(BigInt(0)) { max($0, $1.upperBound - $1.lowerBound) }
    }

    /// - Parameter noiseMarginBits: infinite for a method without noise.
    package func prediction(_ logits: [BigInt], noiseMarginBits: Double) -> Prediction {
        let index = decision.index(of: logits)
        return Prediction(
            logits: logits, values: transform.apply(logits.map { $0.doubleTowardZero * scale }),
            index: index, label: labels[index], isCertified: rangeIsProven,
            noiseMarginBits: noiseMarginBits)
    }
}
