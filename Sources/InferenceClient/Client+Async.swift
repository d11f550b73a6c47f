// SPDX-License-Identifier: Apache-2.0

import Threading

/// The same calls for programs that must not block a task's thread. Each runs on a thread of its own and ends early
/// when the task is cancelled.
extension Client {
    /// `evaluationKeys` on a thread of its own. It ends early when the task is cancelled.
    public func evaluationKeys(
        progress: @escaping @Sendable (Int, Int) throws -> Void = { _, _ in }
    ) async throws -> EvaluationKeySet {
        try await Blocking.run { try self.evaluationKeys { try progress($0, $1) } }
    }

    /// `encrypt` on a thread of its own. It ends early when the task is cancelled.
    public func encrypt(
        _ samples: [[Float]], progress: @escaping @Sendable (Int, Int) throws -> Void = { _, _ in }
    ) async throws -> Request {
        try await Blocking.run { try self.encrypt(samples) { try progress($0, $1) } }
    }

    /// `decrypt` on a thread of its own. It ends early when the task is cancelled.
    public func decrypt(_ reply: Reply, of request: Request) async throws -> Predictions {
        try await Blocking.run { try self.decrypt(reply, of: request) }
    }
}
