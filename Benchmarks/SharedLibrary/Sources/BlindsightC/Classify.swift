// SPDX-License-Identifier: Apache-2.0

// The engine behind one function of C, to see how large a library of all of it is: Scripts/measure-shared-library.sh.

import Blindsight

/// Plans a model, encrypts a sample, predicts and decrypts, both sides in one process.
/// - Parameters:
///   - model: path of an ONNX file.
///   - sample: `count` reals.
/// - Returns: the class that was found, or -1 where anything failed.
@_cdecl("blindsight_classify")
public func classify(
    model: UnsafePointer<CChar>, sample: UnsafePointer<Float>, count: Int
) -> Int32 {
    do {
        let plan = try Plan(model: String(cString: model))
        let client = try Client(plan.client)
        let server = try PreparedModel(plan).server(for: client.evaluationKeys())
        let request = try client.encrypt(Array(UnsafeBufferPointer(start: sample, count: count)))
        let prediction = try client.decrypt(server.predict(request), of: request)[0]
        return Int32(prediction.index)
    } catch {
        return -1
    }
}
