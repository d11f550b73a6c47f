// SPDX-License-Identifier: Apache-2.0

import IntegerNetworks
import Quantization
import Samples

/// What a quantized network is good for, on the calibration samples.
///
/// Of a model that decides, the measure is the share of samples with the float model's decision and, where the client is
/// shown scores too, R^2 of all scores against the float model's; of quantities, R^2 of the worst. A model of both is
/// measured by both. Each measure has a value from which it is good and one below which the plan is useless:
///
/// | measure | good | useless |
/// |---|---|---|
/// | same decision | 95 % | a kappa (what chance doesn't explain of the same decisions) below 0.4 |
/// | R^2 of scores | 0.75 | below 0.5: most of what they say is not the model's |
/// | R^2 of a quantity | 0.99 | below 0.75 |
package struct PlanJudgement: Sendable, Equatable {
    package enum Verdict: String, Sendable, CaseIterable, Comparable {
        // From the best down.
        case good
        /// Worth a warning.
        case poor
        /// Refused, unless asked for.
        case useless

        package static func < (a: Verdict, b: Verdict) -> Bool {
            allCases.firstIndex(of: a)! < allCases.firstIndex(of: b)!
        }
    }

    package enum Measure: Sendable, Equatable {
        case sameDecision(Double)
        /// Of scores that decide, all together.
        case scores(Double)
        /// Of the worst quantity.
        case determination(Double)

        /// Below it a plan is poor.
        var poor: Double {
            switch self {
            case .sameDecision: 0.95
            case .scores: 0.75
            case .determination: 0.99
            }
        }

        /// Below it a plan is useless; of decisions that is another measure's.
        var useful: Double {
            switch self {
            case .sameDecision: 0
            case .scores: 0.5
            case .determination: 0.75
            }
        }

        package var value: Double {
            switch self {
            case .sameDecision(let share), .scores(let share), .determination(let share): share
            }
        }

        package var words: String {
            switch self {
            case .sameDecision: "same decision as the float model"
            case .scores: "R^2 of the scores against the float model"
            case .determination: "R^2 against the float model"
            }
        }
    }

    /// The worse one of two.
    package let measure: Measure
    package let verdict: Verdict
    /// What is wrong, a sentence each.
    package let findings: [String]

    /// Fewer samples say little of anything.
    static let fewestSamples = 16

    init(_ report: QuantizationReport, input: InputSpecification, calibration: SampleSet) {
        let measures = Self.measures(report)
        var findings = measures.compactMap { measure, verdict -> String? in
            guard verdict != .good else { return nil }
            var subject = measure.words
            if case .determination = measure, let name = report.worstQuantity {
                subject += ", of \(name)"
            }
            return
                "\(subject): \(Self.percent(measure.value)) on the calibration samples, where \(Self.percent(measure.poor)) is good"
        }
        var verdict: Verdict
        (measure, verdict) = measures.max { $0.1 < $1.1 }!
        if calibration.count < 2 {
            verdict = .useless
            findings.append("one calibration sample tells no range: take a few hundred")
        } else if calibration.count < Self.fewestSamples {
            verdict = verdict == .useless ? .useless : .poor
            findings.append(
                "\(calibration.count) calibration samples tell little of ranges and errors: take a few hundred"
            )
        }
        let spent = Self.spentByOutliers(input, calibration)
        if let first = spent.first {
            verdict = verdict == .useless ? .useless : .poor
            let others = spent.count > 1 ? " and \(spent.count - 1) others" : ""
            findings.append(
                "feature \(first)\(others): nearly all calibration samples become one integer, since a few lie far from all others: leave outliers out"
            )
        }
        self.verdict = verdict
        self.findings = findings
    }

    /// One at least: of the decision first.
    private static func measures(_ report: QuantizationReport) -> [(Measure, Verdict)] {
        let fidelity = report.integer
        var measures: [(Measure, Verdict)] = []
        if report.decides {
            // Where labels say that nothing was lost, other decisions are no worse ones.
            let isAsAccurate =
                fidelity.accuracy.map { $0 >= (report.float.accuracy ?? 1) - 0.02 } ?? false
            // Cohen's kappa: agreement beyond what chance gives.
            let useful = fidelity.agreementBeyondChance >= 0.4 || isAsAccurate
            let measure = Measure.sameDecision(fidelity.agreement)
            measures.append((measure, verdict(of: measure, isUseful: useful)))
            if report.showsScores, let error = fidelity.scoreError {
                let measure = Measure.scores(1 - error * error)
                let isUseful = measure.value >= measure.useful
                measures.append((measure, verdict(of: measure, isUseful: isUseful)))
            }
        }
        if let error = fidelity.quantityError {
            let measure = Measure.determination(1 - error * error)
            measures.append(
                (measure, verdict(of: measure, isUseful: measure.value >= measure.useful)))
        }
        return measures
    }

    private static func verdict(of measure: Measure, isUseful: Bool) -> Verdict {
        measure.value >= measure.poor ? .good : isUseful ? .poor : .useless
    }

    /// What could be done about a useless plan.
    var remedies: [PlanRefusal.Remedy] {
        (measure.value >= measure.poor ? [.calibrationSamples] : [.distillation]) + [.anyError]
    }

    /// Features that become one integer in 19 of 20 samples, though the reals differ.
    private static func spentByOutliers(
        _ input: InputSpecification, _ samples: SampleSet
    ) -> [Int] {
        let used = min(samples.count, 512)
        guard used >= fewestSamples, input.normalization == nil, !input.scales.isEmpty else {
            return []
        }
        let rows = (0..<used).map { samples.sample(at: $0) }
        guard let integers = try? rows.map({ try input.quantize($0) }) else { return [] }
        return (0..<input.count).filter { feature in
            let groups = Dictionary(grouping: 0..<used) { integers[$0][feature] }
            guard let largest = groups.values.max(by: { $0.count < $1.count }) else { return false }
            return 20 * largest.count >= 19 * used
                && Set(largest.map { rows[$0][feature] }).count >= 4
        }
    }

    private static func percent(_ share: Double) -> String {
        share.isFinite ? "\((share * 1000).rounded() / 10) %" : "nothing"
    }
}
