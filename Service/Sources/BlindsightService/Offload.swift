// SPDX-License-Identifier: Apache-2.0

import NIOPosix
import Synchronization

extension NIOThreadPool {
    /// For what blocks. Not Dispatch's threads, nor any of its queues: tasks run on those too, and it begins none while
    /// as many as there are cores compute, so that tasks would wait for predictions to end.
    static let blocking = NIOThreadPool.begun(threads: 16)

    /// A pool that takes work.
    static func begun(threads: Int) -> NIOThreadPool {
        let pool = NIOThreadPool(numberOfThreads: threads)
        pool.start()
        return pool
    }
}

/// Runs what blocks, such as files or the decoding of keys, on a thread of its own: neither event loops nor tasks wait.
/// - Parameter pool: that the thread is of.
func offload<Value: Sendable>(
    on pool: NIOThreadPool = .blocking, _ body: @escaping @Sendable () throws -> Value
) async throws -> Value {
    try await pool.runIfActive(body)
}

/// Whether somebody still wants what a thread works on.
final class Demand: Sendable {
    private let isGone = Atomic(false)

    /// - Throws: `CancellationError` where nobody does.
    func check() throws {
        if isGone.load(ordering: .relaxed) { throw CancellationError() }
    }

    fileprivate func end() { isGone.store(true, ordering: .relaxed) }
}

/// The same for what takes long: it asks between its steps whether the task that waits for it was cancelled.
func offload<Value: Sendable>(
    on pool: NIOThreadPool, _ body: @escaping @Sendable (Demand) throws -> Value
) async throws -> Value {
    let demand = Demand()
    return try await withTaskCancellationHandler {
        try await offload(on: pool) { () throws -> Value in
            try demand.check()
            return try body(demand)
        }
    } onCancel: {
        demand.end()
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
