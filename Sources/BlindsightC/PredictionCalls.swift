// SPDX-License-Identifier: Apache-2.0

import Blindsight
import InferenceClient
import Synchronization

/// Predictions, and what is read of all of them at once.
final class PredictionsHandle: Sendable {
    /// Of all samples, row-major.
    struct Readings: Sendable {
        var labels: [Int64] = []
        var values: [Double] = []
        var outputs: [[Float]] = []
    }

    let predictions: Predictions
    let plan: ClientPlan
    private let readings = Mutex<Readings?>(nil)

    init(_ predictions: Predictions, of plan: ClientPlan) {
        self.predictions = predictions
        self.plan = plan
    }

    /// Elements of what the model shows of a sample.
    var valueWidth: Int {
        let outputs = plan.outputs
        guard let program = outputs.program, let scores = program.scores else {
            return outputs.count
        }
        return program.sizes[scores].count
    }

    /// Read once.
    func read() -> Readings {
        readings.withLock { readings in
            if let readings { return readings }
            var all = Readings()
            all.outputs = Array(
                repeating: [], count: plan.outputs.program?.outputs.count ?? 0)
            for prediction in predictions {
                all.labels.append(Int64(prediction.index))
                all.values += prediction.values
                for (index, output) in prediction.outputs.enumerated() {
                    all.outputs[index] += output.values
                }
            }
            readings = all
            return all
        }
    }
}

private func fill<Value>(_ out: UnsafeMutablePointer<Value>?, _ values: [Value]) throws(CallError) {
    guard let out else { throw CallError("out", "NULL where an array is needed") }
    out.update(from: values, count: values.count)
}

@_cdecl("bs_predictions_count")
public func predictionsCount(_ predictions: OpaquePointer?) -> Int64 {
    Int64((try? predictions.object(PredictionsHandle.self))?.predictions.count ?? 0)
}

@_cdecl("bs_predictions_logit_width")
public func predictionsLogitWidth(_ predictions: OpaquePointer?) -> Int64 {
    Int64((try? predictions.object(PredictionsHandle.self))?.plan.outputs.count ?? 0)
}

@_cdecl("bs_predictions_value_width")
public func predictionsValueWidth(_ predictions: OpaquePointer?) -> Int64 {
    Int64((try? predictions.object(PredictionsHandle.self))?.valueWidth ?? 0)
}

@_cdecl("bs_predictions_logits")
public func predictionsLogits(
    _ predictions: OpaquePointer?, _ out: UnsafeMutablePointer<Int64>?,
    _ error: UnsafeMutablePointer<OpaquePointer?>?
) -> Int32 {
    attempt(error) {
        let handle = try predictions.object(PredictionsHandle.self)
        guard let out else { throw CallError("out", "NULL where an array is needed") }
        let width = handle.plan.outputs.count
        for index in handle.predictions.indices {
            let words =
                handle.predictions.words(of: index)
                ?? handle.predictions.logits(of: index).compactMap { Int64(exactly: $0) }
            guard words.count == width else { throw WideLogits() }
            (out + index * width).update(from: words, count: width)
        }
    }
}

/// Integers that no machine word holds.
struct WideLogits: Error, CustomStringConvertible {
    var description: String { "integers of more than 64 bits; as text they are there in full" }
}

@_cdecl("bs_predictions_logit_text")
public func predictionsLogitText(
    _ predictions: OpaquePointer?, _ text: UnsafeMutablePointer<OpaquePointer?>?,
    _ error: UnsafeMutablePointer<OpaquePointer?>?
) -> Int32 {
    attempt(error, text) {
        let predictions = try predictions.object(PredictionsHandle.self).predictions
        let bytes = Bytes()
        for index in predictions.indices {
            for logit in predictions.logits(of: index) {
                try bytes.write(Array("\(logit)\n".utf8))
            }
        }
        return bytes
    }
}

@_cdecl("bs_predictions_values")
public func predictionsValues(
    _ predictions: OpaquePointer?, _ out: UnsafeMutablePointer<Double>?,
    _ error: UnsafeMutablePointer<OpaquePointer?>?
) -> Int32 {
    attempt(error) {
        try fill(out, try predictions.object(PredictionsHandle.self).read().values)
    }
}

@_cdecl("bs_predictions_labels")
public func predictionsLabels(
    _ predictions: OpaquePointer?, _ out: UnsafeMutablePointer<Int64>?,
    _ error: UnsafeMutablePointer<OpaquePointer?>?
) -> Int32 {
    attempt(error) {
        try fill(out, try predictions.object(PredictionsHandle.self).read().labels)
    }
}

@_cdecl("bs_predictions_output")
public func predictionsOutput(
    _ predictions: OpaquePointer?, _ index: Int, _ out: UnsafeMutablePointer<Float>?,
    _ error: UnsafeMutablePointer<OpaquePointer?>?
) -> Int32 {
    attempt(error) {
        let outputs = try predictions.object(PredictionsHandle.self).read().outputs
        guard outputs.indices.contains(index) else {
            throw CallError("index", "no output \(index); the plan names \(outputs.count)")
        }
        try fill(out, outputs[index])
    }
}

@_cdecl("bs_predictions_are_certified")
public func predictionsAreCertified(_ predictions: OpaquePointer?) -> Int32 {
    (try? predictions.object(PredictionsHandle.self))?.plan.outputs.rangeIsProven == true ? 1 : 0
}
