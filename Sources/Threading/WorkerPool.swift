// SPDX-License-Identifier: Apache-2.0

import CKernels
import Synchronization

/// A few threads that run loops together.
///
/// Where they share their cores with other processes, one that loses its core holds up all. What sharing saves is
/// measured; where it costs time, loops are run by their caller alone for a while. Bodies should compute, not sleep.
///
/// In a child of a fork, where the threads are not, all loops are run by their caller alone.
package final class WorkerPool: Sendable {
    /// Cores that this process may use, at least 1.
    package static let cores = Int(bsk_cores())

    /// Threads in all, the caller's included.
    package let threads: Int
    private let team: WorkerTeam?
    private let forks = ForkCount.current
    /// Whether it is one that callers share by load, and how many of them are at work.
    private let sharesByLoad: Bool
    private let callers = Atomic(0)
    /// Of the last callers, about 16, how many found others at work: in parts of `whole`.
    private let crowding = Atomic(0)
    private static let whole = 1 << 10

    /// - Parameters:
    ///   - threads: at least 1. Where the system gives fewer, the loops are run on those.
    ///   - backsOff: whether loops are run by their caller alone after sharing them cost time; tests may want them
    ///     shared.
    ///   - sharesByLoad: whether loops are run by their caller alone while more callers than one for every two threads
    ///     are inside `serve`: then threads that help one hold up another. So they are while a quarter of the last
    ///     callers found so many: the next one comes soon, and what is alone yet is done with less work on one thread.
    package init(
        threads: Int = WorkerPool.cores, backsOff: Bool = true, sharesByLoad: Bool = false
    ) {
        precondition(threads >= 1)
        self.threads = threads
        self.sharesByLoad = sharesByLoad
        guard threads > 1 else {
            team = nil
            return
        }
        let team = WorkerTeam(spins: threads <= Self.cores, backsOff: backsOff)
        self.team = team
        for _ in 1..<threads { startThread(of: team) }
    }

    deinit {
        // In a child of a fork there is nobody to stop, and a lock may be held by nobody.
        if hasWorkers { team?.stop(workers: threads - 1) }
    }

    /// One of all cores for a whole process: who calls alone has all of its threads, many at once have one each.
    package static var byLoad: WorkerPool { shared.withLock { $0 } }

    private static let shared = ForkLocal { WorkerPool(sharesByLoad: true) }

    /// Runs `body`, which counts as one caller.
    package func serve<Value>(_ body: () throws -> Value) rethrows -> Value {
        let others = callers.add(1, ordering: .relaxed).oldValue
        let share = crowding.load(ordering: .relaxed)
        let found = isCrowd(others + 1) ? Self.whole : 0
        crowding.store(share + (found - share) / 16, ordering: .relaxed)
        defer { callers.subtract(1, ordering: .relaxed) }
        return try body()
    }

    private var isCrowded: Bool {
        sharesByLoad
            && (isCrowd(callers.load(ordering: .relaxed))
                || crowding.load(ordering: .relaxed) > Self.whole / 4)
    }

    private func isCrowd(_ callers: Int) -> Bool { callers > max(1, threads / 2) }

    /// Whether there are threads beside the caller: not in a pool of one, nor in a child of a fork.
    package var hasWorkers: Bool { team != nil && forks == ForkCount.current }

    /// body(0), ..., body(count - 1), in any order, on all threads; returns when all are done. A call from within a
    /// body, or while another thread's loop runs, is run by the caller alone. A body must not fork.
    package func run(_ count: Int, _ body: (Int) -> Void) {
        if let team, count > 1, hasWorkers, !isCrowded,
            withoutActuallyEscaping(body, do: { team.run(count, $0) })
        {
            return
        }
        for index in 0..<count { body(index) }
    }
}
