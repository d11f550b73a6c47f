// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// Lets so many predictions run at once and so many wait; further ones are refused before they take memory.
actor Admission {
    private let workers: Int
    private let room: Int
    private var running = 0
    private var waiting: [(number: Int, continuation: CheckedContinuation<Void, any Error>)] = []
    private var next = 0

    init(workers: Int, room: Int) {
        self.workers = workers
        self.room = room
    }

    var depth: Int { running + waiting.count }

    /// Runs `body` when a worker is free, in the order of arrival.
    /// - Parameter goesOn: whether it is part of what was let in before, and has its place.
    /// - Throws: `ServiceError.overloaded` where the queue is full.
    func run<Value: Sendable>(
        goesOn: Bool = false, _ body: @Sendable () async throws -> Value
    ) async throws -> Value {
        try await enter(goesOn)
        defer { leave() }
        try Task.checkCancellation()
        return try await body()
    }

    private func enter(_ goesOn: Bool) async throws {
        if running < workers {
            running += 1
            return
        }
        guard goesOn || waiting.count < room else {
            throw ServiceError(
                .overloaded, "\(waiting.count) requests wait already: ask again later",
                retryAfter: 1)
        }
        let number = next
        next += 1
        // Whoever leaves hands its place on.
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation {
                (continuation: CheckedContinuation<Void, any Error>) in
                if Task.isCancelled {
                    continuation.resume(throwing: CancellationError())
                } else {
                    waiting.append((number, continuation))
                }
            }
        } onCancel: {
            Task { await self.giveUp(number) }
        }
    }

    private func giveUp(_ number: Int) {
        guard let place = waiting.firstIndex(where: { $0.number == number }) else { return }
        waiting.remove(at: place).continuation.resume(throwing: CancellationError())
    }

    private func leave() {
        if waiting.isEmpty { running -= 1 } else { waiting.removeFirst().continuation.resume() }
    }
}

/// Bytes that bodies may take in memory together.
final class MemoryBudget: Sendable {
    private let limit: Int
    private let used = Mutex(0)

    init(_ limit: Int) { self.limit = limit }

    /// What one body took so far: given back when it goes.
    final class Share: Sendable {
        private let budget: MemoryBudget
        private let count = Mutex(0)

        fileprivate init(_ budget: MemoryBudget) { self.budget = budget }

        func take(_ bytes: Int) throws(ServiceError) {
            let limit = budget.limit
            let fits = budget.used.withLock { used in
                guard used + bytes <= limit else { return false }
                used += bytes
                return true
            }
            guard fits else {
                throw ServiceError(
                    .overloaded, "no memory for more requests now: ask again later", retryAfter: 1)
            }
            count.withLock { $0 += bytes }
        }

        /// Gives back what was taken ahead.
        func shrink(to bytes: Int) {
            let surplus = count.withLock { count in
                let surplus = max(0, count - bytes)
                count -= surplus
                return surplus
            }
            budget.used.withLock { $0 -= surplus }
        }

        deinit {
            let bytes = count.withLock { $0 }
            budget.used.withLock { $0 -= bytes }
        }
    }

    func share() -> Share { Share(self) }
}
