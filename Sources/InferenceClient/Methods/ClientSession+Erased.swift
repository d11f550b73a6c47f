// SPDX-License-Identifier: Apache-2.0

import Wire

/// What `Client` calls without knowing the method: the one place where a body's type is asked for.
extension ClientSession {
    /// - Throws: `InferenceError.unexpectedReply` for a body of another method.
    func decrypt(body: any GroupBody, sampleCount: Int) throws -> GroupOutputs {
        guard let reply = body as? Reply else { throw InferenceError.unexpectedReply }
        return try decrypt(reply, sampleCount: sampleCount)
    }
}
