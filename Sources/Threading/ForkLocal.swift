// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// State under a lock, of which every process has its own: a child of a fork starts with a fresh one.
///
/// A child can't take its parent's lock, which may be held by a thread that the child doesn't have.
package final class ForkLocal<State: Sendable>: Sendable {
    private let first: Store
    private let fresh: @Sendable () -> State

    package init(_ fresh: @escaping @Sendable () -> State) {
        self.fresh = fresh
        first = Store(fresh())
    }

    package func withLock<Result: Sendable>(_ body: (inout State) -> Result) -> Result {
        current.state.withLock { body(&$0) }
    }

    /// This process's.
    private var current: Store {
        let forks = ForkCount.current
        var store = first
        while store.forks != forks {
            if let next = store.next.load() {
                store = next
                continue
            }
            let own = Store(fresh())
            let next = store.next.storeIfNil(own)
            // The parent's, which is never read here.
            if next === own { _ = store.state.withLockIfAvailable { $0 = fresh() } }
            store = next
        }
        return store
    }

    private final class Store: Sendable {
        let forks = ForkCount.current
        let state: Mutex<State>
        let next = AtomicLazyReference<Store>()

        init(_ state: State) { self.state = Mutex(state) }
    }
}
