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

    var json: JSON {
        var members: [(String, JSON)] = [
            ("samples", .integer(samples)), ("mismatched_logits", .integer(mismatchedLogits)),
            ("same_decision_as_float", .integer(sameDecision)),
        ]
        if let measure, let scores {
            members += [
                ("\(measure.key)_float", .number(scores.float)),
                ("\(measure.key)_integer", .number(scores.integer)),
                ("\(measure.key)_encrypted", .number(scores.encrypted)),
            ]
        }
        if minimumNoiseMarginBits.isFinite {
            members.append(("minimum_noise_margin_bits", .number(minimumNoiseMarginBits)))
        }
        return .object(members)
    }

    var table: Table {
        var table = Table(.left, .right)
        table.add("samples", Format.grouped(samples))
        table.add("mismatched logits", Format.grouped(mismatchedLogits))
        if let measure, let scores {
            let isShare = measure.key == "accuracy"
            func text(_ score: Double) -> String {
                isShare ? Format.percent(score) : Format.decimals(score, 4)
            }
            table.add("\(measure.words), float model", text(scores.float))
            table.add("\(measure.words), integer network", text(scores.integer))
            table.add("\(measure.words), encrypted", text(scores.encrypted))
        }
        if measure?.key != "r2" {
            table.add("decided as the float model", Format.grouped(sameDecision))
        }
        if minimumNoiseMarginBits.isFinite {
            table.add(
                "smallest noise margin", "\(Format.decimals(minimumNoiseMarginBits, 1)) bits")
        }
        return table
    }
}
