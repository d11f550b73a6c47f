// SPDX-License-Identifier: Apache-2.0

import Synchronization
import Threading

/// `bs_progress`.
typealias ProgressCall =
    @convention(c) (UnsafeMutableRawPointer?, UnsafePointer<CChar>?, Int64, Int64) -> Int32

/// Tells a caller how far a call is, now and then, and hears whether it is still wanted.
final class Watch: @unchecked Sendable {
    private struct State {
        var stage: String?
        var done = 0
        var total = 0
        var next: ContinuousClock.Instant
        var isStopped = false
    }

    private static let interval = Duration.milliseconds(50)

    private let call: ProgressCall?
    private let context: UnsafeMutableRawPointer?
    private let state: Mutex<State>

    /// - Parameter call: nil: nobody listens.
    init(_ call: ProgressCall?, _ context: UnsafeMutableRawPointer?) {
        self.call = call
        self.context = context
        state = Mutex(State(next: ContinuousClock.now + Self.interval))
    }

    /// Runs a call's work, which ends early where the caller says so.
    func run<Value>(_ body: () throws -> Value) throws -> Value {
        guard call != nil else { return try body() }
        return try Cancellation.asking({ [self] in !ask() }, body)
    }

    /// - Throws: `CancellationError`.
    func tell(_ done: Int, _ total: Int) throws {
        guard call != nil else { return }
        guard ask(done: done, total: total) else { throw CancellationError() }
    }

    /// - Throws: `CancellationError`.
    func tell(_ stage: String) throws {
        guard call != nil else { return }
        guard ask(stage: stage) else { throw CancellationError() }
    }

    /// Whether the work is still wanted.
    private func ask(stage: String? = nil, done: Int? = nil, total: Int? = nil) -> Bool {
        let now = ContinuousClock.now
        // Where another thread is just asking, its answer is heard next time.
        return state.withLockIfAvailable { state in
            if let stage { state.stage = stage }
            if let done, let total { (state.done, state.total) = (done, total) }
            guard !state.isStopped else { return false }
            guard now >= state.next else { return true }
            let answer: Int32
            if let stage = state.stage {
                answer = stage.withCString {
                    call!(context, $0, Int64(state.done), Int64(state.total))
                }
            } else {
                answer = call!(context, nil, Int64(state.done), Int64(state.total))
            }
            state.next = ContinuousClock.now + Self.interval
            state.isStopped = answer != 0
            return !state.isStopped
        } ?? true
    }
}
