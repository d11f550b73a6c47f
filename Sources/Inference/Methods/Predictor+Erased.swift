// SPDX-License-Identifier: Apache-2.0

import InferenceClient
import Threading
import Wire

/// What `Server` calls without knowing the method: the one place where a key's or a body's type is asked for.
extension PreparedMethod {
    /// - Throws: `InferenceError.missingKey` for keys of another method.
    func predictor(
        for keys: EvaluationKeySet, on pool: WorkerPool
    ) throws -> any GroupPredictor {
        switch keys.material {
        case .encoded(let encoded):
            return try predictor(encoded.reader().whole { try self.keys($0) }, on: pool)
        case .made(let made):
            guard let own = made as? Keys else {
                throw InferenceError.missingKey("all keys")
            }
            return try predictor(own, on: pool)
        }
    }
}

extension GroupPredictor {
    /// - Throws: `InferenceError.unexpectedRequest` for a body of another method.
    func predict(
        body: any GroupBody, sampleCount: Int, progress: (Int, Int) throws -> Void
    ) throws -> any GroupBody {
        guard let request = body as? Request else {
            throw InferenceError.unexpectedRequest("it was encrypted for another method")
        }
        return try predict(request, sampleCount: sampleCount, progress: progress)
    }
}
