// SPDX-License-Identifier: Apache-2.0

import BigIntegers
import IntegerNetworks
import TensorGraphs

/// What integer outputs mean: their proven ranges, and how they become values and a label.
package struct OutputReading: Sendable, Equatable {
    /// The range of each output.
    package let bounds: [ClosedRange<BigInt>]
    /// How they were found, in words.
    package let boundMethod: String
    /// Whether they hold for every input in the box. False where the bounds are what calibration samples gave, and a
    /// margin: an input beyond them may give a wrong result.
    package let rangeIsProven: Bool
    /// What one unit of an output stands for.
    package let units: OutputUnits
    /// A name for each class, or for each output of a regression; none for a label that is a number.
    package let labels: [String]
    package let decision: Decision
    /// What the client applies to the outputs.
    package let transform: OutputTransform
    /// What the client makes of the outputs in place of the transform, and of the decision where it says a label.
    package let program: OutputProgram?

    package init(
        bounds: [ClosedRange<BigInt>], boundMethod: String, rangeIsProven: Bool, units: OutputUnits,
        labels: [String], decision: Decision, transform: OutputTransform,
        program: OutputProgram? = nil
    ) {
        self.program = program
        self.bounds = bounds
        self.boundMethod = boundMethod
        self.rangeIsProven = rangeIsProven
        self.units = units
        self.labels = labels
        self.decision = decision
        self.transform = transform
    }

    /// The outputs of `network`, with bounds from elsewhere.
    package init(
        _ network: IntegerNetwork, bounds: [ClosedRange<BigInt>], boundMethod: String,
        rangeIsProven: Bool, program: OutputProgram? = nil
    ) {
        self.init(
            bounds: bounds, boundMethod: boundMethod, rangeIsProven: rangeIsProven,
            units: network.units,
            labels: program?.label == nil ? network.labels : program?.labelNames ?? [],
            decision: network.decision, transform: network.transform, program: program)
    }

    package var count: Int { bounds.count }

    /// The widest range of an output: a result is known from its residue modulo any larger number.
    package var widestRange: BigInt {
        bounds.reduce(BigInt(0)) { max($0, $1.upperBound - $1.lowerBound) }
    }

    /// Whether a prediction is a class, and not quantities alone.
    package var saysLabel: Bool { program?.label != nil || decision != .regression }

    /// - Parameter noiseMarginBits: infinite for a method without noise.
    package func prediction(_ logits: [BigInt], noiseMarginBits: Double) -> Prediction {
        let reals = units.reals(logits)
        let outputs = program?.evaluate(reals.map { Float($0) })
        let place: (index: Int, name: String)
        if let program, let outputs, let label = program.label(of: outputs) {
            place = label
        } else {
            let index = decision.index(of: logits)
            place = (index, labels[index])
        }
        let values: [Double]
        if let program, let outputs {
            values = program.scores.map { outputs[$0].map(Double.init) } ?? reals
        } else {
            values = transform.apply(reals)
        }
        return Prediction(
            logits: logits, values: values, index: place.index, label: place.name,
            isCertified: rangeIsProven, noiseMarginBits: noiseMarginBits,
            outputs: zip(program?.outputs ?? [], outputs ?? []).map { NamedOutput($0, values: $1) })
    }

    /// The class of real outputs, by the same rules; 0 for a regression.
    package func index(ofReals reals: [Double]) -> Int {
        program.flatMap { $0.label(of: $0.evaluate(reals.map { Float($0) }))?.index }
            ?? decision.index(of: reals)
    }
}
