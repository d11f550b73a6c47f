// SPDX-License-Identifier: Apache-2.0

import Blindsight

/// All comparisons in a few numbers.
struct VerificationSummary {
    /// One of each: float, integer, encrypted.
    struct Scores {
        let float: Double
        let integer: Double
        let encrypted: Double
    }

    let samples: Int
    let mismatchedLogits: Int
    /// "accuracy" or "r2"; none without labels.
    let measure: (key: String, words: String)?
    let scores: Scores?
    /// Samples on which integers decide as the float model does.
    let sameDecision: Int
    let minimumNoiseMarginBits: Double

    /// - Parameters:
    ///   - results: of the first samples, at least one.
    ///   - truth: of all samples.
    init(results: [Verification.Comparison], truth: VerificationData.Truth) {
        precondition(!results.isEmpty)
        samples = results.count
        mismatchedLogits = results.reduce(0) { $0 + $1.mismatchedLogits }
        sameDecision = results.count { $0.float.index == $0.encrypted.index }
        minimumNoiseMarginBits = results.reduce(.infinity) { min($0, $1.noiseMarginBits) }
        func scores(_ score: ([Verification.Answer]) -> Double) -> Scores {
            Scores(
                float: score(results.map(\.float)), integer: score(results.map(\.integer)),
                encrypted: score(results.map(\.encrypted)))
        }
        switch truth {
        case .unknown:
            measure = nil
            self.scores = nil
        case .labels(let labels):
            measure = ("accuracy", "accuracy")
            self.scores = scores { answers in
                Double(zip(answers, labels).count { $0.index == $1 }) / Double(answers.count)
            }
        case .targets(let targets):
            measure = ("r2", "R^2")
            self.scores = scores { Self.determination($0.map(\.value), targets) }
        }
    }

    /// 1 - (sum of squared residuals) / (sum of squared deviations), over the first targets.
    private static func determination(_ values: [Double], _ targets: [Double]) -> Double {
        let used = targets.prefix(values.count)
        let mean = used.reduce(0, +) / Double(used.count)
        let total = used.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
        let residual = zip(values, used).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
        return 1 - residual / total
    }

    var entries: ReportEntries {
        var entries = ReportEntries([])
        entries.add("samples", "samples", .count(samples))
        entries.add("mismatched_logits", "mismatched logits", .count(mismatchedLogits))
        if let measure, let scores {
            let isShare = measure.key == "accuracy"
            for (key, words, score) in [
                ("float", "float model", scores.float),
                ("integer", "integer network", scores.integer),
                ("encrypted", "encrypted", scores.encrypted),
            ] {
                entries.add(
                    "\(measure.key)_\(key)", "\(measure.words), \(words)", .bits(score),
                    text: isShare ? Format.percent(score) : Format.decimals(score, 4))
            }
        }
        entries.add(
            "same_decision_as_float", measure?.key == "r2" ? nil : "decided as the float model",
            .count(sameDecision))
        if minimumNoiseMarginBits.isFinite {
            entries.add(
                "minimum_noise_margin_bits", "smallest noise margin",
                .bits(minimumNoiseMarginBits),
                text: "\(Format.decimals(minimumNoiseMarginBits, 1)) bits")
        }
        return entries
    }
}
