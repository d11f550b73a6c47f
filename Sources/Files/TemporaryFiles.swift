// SPDX-License-Identifier: Apache-2.0

import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

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
    /// - Parameter path: the name that the file is to get, for errors.
    /// - Throws: what `open` throws; `FileError` after `removeAll`.
    static func add(
        _ temporary: String, for path: String, open: () throws(FileError) -> Int32
    ) throws(FileError) -> Int32 {
        try state.withLock { state throws(FileError) in
            guard !state.isClosed else { throw FileError(path: path, reason: "interrupted") }
            let descriptor = try open()
            state.paths.insert(temporary)
            return descriptor
        }
    }

    /// It has got its name, or is gone.
    static func forget(_ path: String) { state.withLock { _ = $0.paths.remove(path) } }
}
