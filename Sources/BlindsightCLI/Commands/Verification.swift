import Blindsight

/// Float model, integer network and encrypted engine, side by side, under fresh keys.
struct Verification: Sendable {
    private let float: FloatReference
    private let integer: IntegerReference
    private let client: Client
    private let server: Server

    /// What the three made of one sample.
    struct Comparison: Sendable {
        let mismatchedLogits: Int
        let floatIndex: Int
        let integerIndex: Int
        let encryptedIndex: Int
        let noiseMarginBits: Double
    }

    init(plan: Plan, model: ONNXModel, threads: Int) throws {
        float = try FloatReference(model)
        integer = IntegerReference(plan.network)
        client = try Client(plan: plan.client)
        let progress = ProgressBar("keys")
        let keys = try client.makeEvaluationKeys { progress.update($0, of: $1) }
        progress.finish()
        server = try Server(plan: plan, evaluationKeys: keys, threads: threads)
    }

    /// On one thread; callers run samples side by side.
    func compare(_ sample: [Float]) throws -> Comparison {
        let input = try client.plan.input.quantize(sample)
        let expected = try integer.logits(input)
        let prediction = try client.decrypt(server.predict(client.encrypt(quantized: input)))
        return Comparison(
            mismatchedLogits: zip(expected, prediction.logits).count { $0 != $1 },
            floatIndex: argmax(try float.logits(sample)) ?? 0,
            integerIndex: argmax(expected) ?? 0, encryptedIndex: prediction.index,
            noiseMarginBits: prediction.noiseMarginBits)
    }
}

/// All comparisons in a few numbers.
struct VerificationSummary {
    let samples: Int
    let mismatchedLogits: Int
    let accuracyFloat: Double
    let accuracyInteger: Double
    let accuracyEncrypted: Double
    let minimumNoiseMarginBits: Double

    /// - Parameter results: one a label, at least one.
    init(results: [Verification.Comparison], labels: [Int]) {
        precondition(results.count == labels.count && !results.isEmpty)
        samples = results.count
        mismatchedLogits = results.reduce(0) { $0 + $1.mismatchedLogits }
        func accuracy(_ index: (Verification.Comparison) -> Int) -> Double {
            Double(zip(results, labels).count { index($0) == $1 }) / Double(results.count)
        }
        accuracyFloat = accuracy(\.floatIndex)
        accuracyInteger = accuracy(\.integerIndex)
        accuracyEncrypted = accuracy(\.encryptedIndex)
        minimumNoiseMarginBits = results.reduce(.infinity) { min($0, $1.noiseMarginBits) }
    }

    var json: JSON {
        .object([
            ("samples", .integer(samples)), ("mismatched_logits", .integer(mismatchedLogits)),
            ("accuracy_float", .number(accuracyFloat)),
            ("accuracy_integer", .number(accuracyInteger)),
            ("accuracy_encrypted", .number(accuracyEncrypted)),
            ("minimum_noise_margin_bits", .number(minimumNoiseMarginBits)),
        ])
    }

    var table: Table {
        var table = Table(.left, .right)
        table.add("samples", Format.grouped(samples))
        table.add("mismatched logits", Format.grouped(mismatchedLogits))
        table.add("accuracy, float model", Format.percent(accuracyFloat))
        table.add("accuracy, integer network", Format.percent(accuracyInteger))
        table.add("accuracy, encrypted", Format.percent(accuracyEncrypted))
        table.add("smallest noise margin", "\(Format.decimals(minimumNoiseMarginBits, 1)) bits")
        return table
    }
}
