import ArgumentParser
import Blindsight

/// Work side by side.
enum Threads {
    static var cores: Int { WorkerPool.cores }

    static func validate(_ count: Int?) throws {
        if let count, !(1...1024).contains(count) {
            throw ValidationError("--threads must be 1 to 1024")
        }
    }

    static func words(_ count: Int) -> String { count == 1 ? "1 thread" : "\(count) threads" }

    /// body(0), ..., body(count - 1) on at most `threads` threads; after an error no more are begun, and it is
    /// thrown.
    static func map<Value: Sendable>(
        _ count: Int, threads: Int, _ body: (Int) throws -> Value
    ) throws -> [Value] {
        try WorkerPool(threads: max(1, min(threads, count))).map(count, body)
    }
}
