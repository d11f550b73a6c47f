import Foundation
import Synchronization

/// The temporary files that this process is writing, so that an interrupted one leaves none.
package enum TemporaryFiles {
    private struct State {
        var paths: Set<String> = []
        var isClosed = false
    }

    private static let state = Mutex(State())

    /// Removes them all, and lets none begin any more: for a process that is about to end.
    package static func removeAll() {
        state.withLock {
            $0.isClosed = true
            for path in $0.paths { unlink(path) }
        }
    }

    /// Runs `open` for a file that `removeAll` is to remove.
    /// - Throws: what `open` throws; `WireError.file` after `removeAll`.
    static func add(_ path: String, open: () throws -> Int32) throws -> Int32 {
        try state.withLock {
            guard !$0.isClosed else { throw WireError.file(path: path, reason: "interrupted") }
            let descriptor = try open()
            $0.paths.insert(path)
            return descriptor
        }
    }

    /// It has got its name, or is gone.
    static func forget(_ path: String) { state.withLock { _ = $0.paths.remove(path) } }
}
