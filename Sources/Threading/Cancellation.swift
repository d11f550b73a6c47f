// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// Whether the work of this thread is wanted any more.
package enum Cancellation {
    /// - Throws: `CancellationError` where the task that this thread works for was cancelled, or its caller says so.
    package static func check() throws {
        if Task.isCancelled || flag?.isSet == true || isUnwanted?() == true {
            throw CancellationError()
        }
    }

    /// Runs `body`, and asks between its steps whether it is still wanted: for callers outside of Swift's tasks.
    /// - Parameter isUnwanted: asked often, so that it should be quick. On this thread.
    package static func asking<Value>(
        _ isUnwanted: @escaping @Sendable () -> Bool, _ body: () throws -> Value
    ) rethrows -> Value {
        try $isUnwanted.withValue(isUnwanted, operation: body)
    }

    /// Of the work that `Blocking` runs on this thread.
    @TaskLocal static var flag: CancellationFlag?
    @TaskLocal private static var isUnwanted: (@Sendable () -> Bool)?
}

/// Set once, from any thread.
final class CancellationFlag: Sendable {
    private let value = Atomic(false)

    var isSet: Bool { value.load(ordering: .relaxed) }
    func set() { value.store(true, ordering: .relaxed) }
}
