// SPDX-License-Identifier: Apache-2.0

import Dispatch

/// Long work for callers that must not block: a task's threads are few.
package enum Blocking {
    /// Runs `body` on a thread of its own.
    /// - Throws: what `body` throws; `CancellationError` once the task is cancelled and `body` asks
    ///   `Cancellation.check`.
    package static func run<Value: Sendable>(
        _ body: @escaping @Sendable () throws -> Value
    ) async throws -> Value {
        let flag = CancellationFlag()
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                DispatchQueue.global().async {
                    continuation.resume(
                        with: Result {
                            try Cancellation.$flag.withValue(flag) {
                                try Cancellation.check()
                                return try body()
                            }
                        })
                }
            }
        } onCancel: {
            flag.set()
        }
    }
}
