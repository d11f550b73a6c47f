// SPDX-License-Identifier: Apache-2.0

import IntegerNetworks
import TensorGraphs

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// How near a network comes to another on the calibration samples: to the float model, where nothing else is said.
package struct Fidelity: Sendable, Equatable {
    /// Share of samples whose decision is the label; nil without labels, and for regressions.
    package let accuracy: Double?
    /// Share of samples with the other's decision; 1 for regressions.
    package let agreement: Double
    /// Cohen's kappa: the share of same decisions that chance doesn't explain, of all that it doesn't.
    package let agreementBeyondChance: Double
    /// Share of decisions that errors like these would change, were they normal: from the margins of all samples, so
    /// finer than a count of those that did change. 0 for regressions.
    package let expectedChanges: Double
    /// Root of the mean square difference of the outputs from the other's, by the deviation of those: of scores all
    /// together, of quantities that of the worst.
    package let relativeError: Double
    /// The same of quantities alone, which no decision is made of; nil where there are none.
    package let quantityError: Double?
    /// The element of the outputs that this is the error of.
    package let worstQuantity: Int?
    /// The error of the others, of which a decision is made, all together; nil where there are none.
    package let scoreError: Double?

    /// Of outputs against other ones.
    /// - Parameter program: what the client makes of the outputs; where it says a label, that is the decision.
    package init(
        _ outputs: SampleMatrix, against reference: SampleMatrix, decision: Decision,
        program: OutputProgram? = nil, labels: [Int]?
    ) {
        let program = program?.label == nil ? nil : program
        let found = Self.decisions(outputs, decision, program)
        let expected = Self.decisions(reference, decision, program)
        let decides = program != nil || decision != .regression
        let samples = max(1, outputs.samples)
        agreement =
            !decides ? 1 : Double(zip(found, expected).count { $0 == $1 }) / Double(samples)
        agreementBeyondChance = Self.kappa(found, expected, agreement)
        if let labels, decides {
            accuracy = Double(zip(found, labels).count { $0 == $1 }) / Double(samples)
        } else {
            accuracy = nil
        }
        expectedChanges = Self.expectedChanges(outputs, reference, decision)
        let quantities = program?.quantities ?? (decides ? [] : Array(0..<outputs.count))
        let worst = outputs.worst(against: reference, elements: quantities)
        let quantityError = worst?.error
        worstQuantity = worst?.element
        let others = Set(0..<outputs.count).subtracting(quantities).sorted()
        let scoreError =
            others.isEmpty
            ? 0
            : outputs.elements(others).relativeError(from: reference.elements(others))
        self.scoreError = others.isEmpty ? nil : scoreError.isFinite ? scoreError : .infinity
        let error = max(scoreError, quantityError ?? 0)
        relativeError = error.isFinite ? error : .infinity
        self.quantityError = quantityError.map { $0.isFinite ? $0 : .infinity }
    }

    private static func kappa(_ found: [Int], _ expected: [Int], _ agreement: Double) -> Double {
        let counts = Dictionary(grouping: found) { $0 }.mapValues(\.count)
        let others = Dictionary(grouping: expected) { $0 }.mapValues(\.count)
        let samples = Double(max(1, found.count))
        let chance = counts.reduce(0) {
            $0 + Double($1.value) / samples * Double(others[$1.key] ?? 0) / samples
        }
        return chance < 1 ? (agreement - chance) / (1 - chance) : agreement == 1 ? 1 : 0
    }

    private static func decisions(
        _ outputs: SampleMatrix, _ decision: Decision, _ program: OutputProgram?
    ) -> [Int] {
        (0..<outputs.samples).map {
            let sample = outputs.sample($0)
            if let program {
                return program.label(of: program.evaluate(sample.map { Float($0) }))?.index ?? -1
            }
            return decision == .largest ? largest(of: sample) : decision.index(of: sample)
        }
    }

    /// The first largest. Not the generic function, which is not specialized for other modules' calls: there are many.
    private static func largest(of values: [Double]) -> Int {
        var best = 0
        for index in values.indices where values[index] > values[best] { best = index }
        return best
    }

    private static func expectedChanges(
        _ outputs: SampleMatrix, _ reference: SampleMatrix, _ decision: Decision
    ) -> Double {
        guard decision != .regression, outputs.samples > 0 else { return 0 }
        var margins: [Double] = []
        var squares = 0.0
        for n in 0..<outputs.samples {
            let (a, b) = margin(reference.sample(n), outputs.sample(n), decision)
            margins.append(a)
            squares += (a - b) * (a - b)
        }
        let deviation = (squares / Double(margins.count)).squareRoot()
        guard deviation > 0 else { return 0 }
        guard deviation.isFinite else { return 1 }
        let changes = margins.map { erfc($0 / deviation / 2.0.squareRoot()) / 2 }
        return changes.reduce(0, +) / Double(margins.count)
    }

    /// How far the reference is from another decision, and the same difference of the outputs.
    private static func margin(
        _ reference: [Double], _ outputs: [Double], _ decision: Decision
    ) -> (Double, Double) {
        switch decision {
        case .smallest: return margin(reference.map { -$0 }, outputs.map { -$0 }, .largest)
        case .largest:
            guard reference.count > 1 else { return (.infinity, .infinity) }
            let first = largest(of: reference)
            var second = first == 0 ? 1 : 0
            for index in reference.indices
            where index != first && reference[index] > reference[second] { second = index }
            return (reference[first] - reference[second], outputs[first] - outputs[second])
        case .sign, .vote:
            // The decision of the pair that is nearest to the other one.
            let nearest = reference.indices.min { abs(reference[$0]) < abs(reference[$1]) } ?? 0
            let sign: Double = reference[nearest] < 0 ? -1 : 1
            return (sign * reference[nearest], sign * outputs[nearest])
        case .regression: return (0, 0)
        }
    }
}
