// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// Whether the work of this thread is wanted any more.
package enum Cancellation {
    /// - Throws: `CancellationError` where the task that this thread works for was cancelled.
    package static func check() throws {
        if Task.isCancelled || flag?.isSet == true { throw CancellationError() }
    }

    /// Of the work that `Blocking` runs on this thread.
    @TaskLocal static var flag: CancellationFlag?
}

/// Set once, from any thread.
final class CancellationFlag: Sendable {
    private let value = Atomic(false)

    var isSet: Bool { value.load(ordering: .relaxed) }
    func set() { value.store(true, ordering: .relaxed) }
}
