// SPDX-License-Identifier: Apache-2.0

import Dispatch

private let blockingQueue = DispatchQueue(label: "blindsight.blocking", attributes: .concurrent)

/// Runs what blocks, such as files or the decoding of keys, on a thread of its own: neither event loops nor tasks wait.
func offload<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value
{
    try await withCheckedThrowingContinuation { continuation in
        blockingQueue.async { continuation.resume(with: Result(catching: body)) }
    }
}

/// - Throws: `ServiceError.timeout` where `body` takes longer; it is cancelled then.
func within<Value: Sendable>(
    seconds: Double, _ what: String, _ body: @escaping @Sendable () async throws -> Value
) async throws -> Value {
    try await withThrowingTaskGroup(of: Value.self) { group in
        group.addTask(operation: body)
        group.addTask {
            try await Task.sleep(for: .seconds(seconds))
            throw ServiceError(.timeout, "\(what) took more than \(seconds) s")
        }
        defer { group.cancelAll() }
        return try await group.next()!
    }
}
