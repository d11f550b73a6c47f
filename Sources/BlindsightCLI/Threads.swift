import ArgumentParser
import Dispatch
import Foundation
import Synchronization

/// Work side by side.
enum Threads {
    static var cores: Int { ProcessInfo.processInfo.activeProcessorCount }

    static func validate(_ count: Int?) throws {
        if let count, !(1...1024).contains(count) {
            throw ValidationError("--threads must be 1 to 1024")
        }
    }

    static func words(_ count: Int) -> String { count == 1 ? "1 thread" : "\(count) threads" }

    /// body(0), ..., body(count - 1) on at most `threads` threads; after an error no more are begun, and it is
    /// thrown.
    static func map<Value: Sendable>(
        _ count: Int, threads: Int, _ body: @Sendable (Int) throws -> Value
    ) throws -> [Value] {
        let state = Mutex(MapState<Value>(values: Array(repeating: nil, count: count)))
        DispatchQueue.concurrentPerform(iterations: min(threads, count)) { _ in
            while true {
                let index = state.withLock { state -> Int? in
                    guard state.failure == nil, state.next < count else { return nil }
                    state.next += 1
                    return state.next - 1
                }
                guard let index else { return }
                do {
                    let value = try body(index)
                    state.withLock { $0.values[index] = value }
                } catch {
                    state.withLock { $0.failure = error }
                }
            }
        }
        return try state.withLock {
            if let failure = $0.failure { throw failure }
            return $0.values.compactMap { $0 }
        }
    }
}

private struct MapState<Value: Sendable>: Sendable {
    var next = 0
    var values: [Value?]
    var failure: (any Error)?
}
