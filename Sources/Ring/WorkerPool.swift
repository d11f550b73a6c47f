import CKernels
import Foundation
import Synchronization

/// A few threads that run short loops together. Waiting workers spin for some tens of microseconds before they sleep,
/// since the loops of one evaluation follow each other closely.
package final class WorkerPool: Sendable {
    /// Threads in all, the caller's included.
    package let threads: Int
    private let shared: Shared?

    package init(threads: Int) {
        precondition(threads >= 1)
        self.threads = threads
        guard threads > 1 else {
            shared = nil
            return
        }
        let shared = Shared()
        self.shared = shared
        for _ in 1..<threads {
            let thread = Thread { shared.work() }
            thread.stackSize = 1 << 20
            thread.start()
        }
    }

    deinit { shared?.stop() }

    /// body(0), ..., body(count - 1), in any order, on all threads; returns when all are done. A call from within a
    /// body, or while another thread's loop runs, is run by the caller alone.
    package func run(_ count: Int, _ body: (Int) -> Void) {
        guard let shared, count > 1 else {
            for index in 0..<count { body(index) }
            return
        }
        withoutActuallyEscaping(body) { shared.run(count, $0) }
    }

    private final class Shared: @unchecked Sendable {
        private struct Job {
            var body: (Int) -> Void
            var count: Int
        }

        private var job: Job?
        private let busy = Atomic(false)
        /// Even: idle; odd: a job is open. Counts up.
        private let round = Atomic(0)
        private let next = Atomic(0)
        /// Workers inside the current job.
        private let active = Atomic(0)
        private let stopped = Atomic(false)
        private let sleepers = NSCondition()

        func run(_ count: Int, _ body: @escaping (Int) -> Void) {
            guard
                busy.compareExchange(
                    expected: false, desired: true, ordering: .acquiring
                ).exchanged
            else {
                for index in 0..<count { body(index) }
                return
            }
            job = Job(body: body, count: count)
            next.store(0, ordering: .relaxed)
            sleepers.lock()
            round.add(1, ordering: .sequentiallyConsistent)
            sleepers.broadcast()
            sleepers.unlock()
            while true {
                let index = next.add(1, ordering: .relaxed).oldValue
                guard index < count else { break }
                body(index)
            }
            // No worker may enter any more; those inside finish their last body.
            round.add(1, ordering: .sequentiallyConsistent)
            while active.load(ordering: .sequentiallyConsistent) != 0 { Self.pause() }
            job = nil
            busy.store(false, ordering: .releasing)
        }

        func work() {
            var seen = 0
            while !stopped.load(ordering: .relaxed) {
                let current = waitForRound(after: seen)
                seen = current
                guard current & 1 == 1 else { continue }
                active.add(1, ordering: .sequentiallyConsistent)
                // Still open: then `run` waits for this worker before it takes the job away.
                if round.load(ordering: .sequentiallyConsistent) == current, let job {
                    while true {
                        let index = next.add(1, ordering: .relaxed).oldValue
                        guard index < job.count else { break }
                        job.body(index)
                    }
                }
                active.subtract(1, ordering: .sequentiallyConsistent)
            }
        }

        /// Spins, then sleeps, until the round differs from `seen`.
        private func waitForRound(after seen: Int) -> Int {
            for _ in 0..<20_000 {
                let current = round.load(ordering: .acquiring)
                if current != seen { return current }
                Self.pause()
            }
            sleepers.lock()
            defer { sleepers.unlock() }
            while round.load(ordering: .acquiring) == seen,
                !stopped.load(ordering: .relaxed)
            {
                sleepers.wait()
            }
            return round.load(ordering: .acquiring)
        }

        func stop() {
            stopped.store(true, ordering: .relaxed)
            sleepers.lock()
            round.add(2, ordering: .sequentiallyConsistent)
            sleepers.broadcast()
            sleepers.unlock()
        }

        private static func pause() { bsk_pause() }
    }
}
