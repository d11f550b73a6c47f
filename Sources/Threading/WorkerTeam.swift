// SPDX-License-Identifier: Apache-2.0

import CKernels
import Synchronization

/// The workers of a pool and the loop that they share with its caller.
///
/// Whoever waits spins for a moment, since loops follow each other closely, then sleeps. A caller that sleeps leaves
/// its core to a worker that lost its own.
final class WorkerTeam: @unchecked Sendable {
    private struct Job {
        var body: (Int) -> Void
        var count: Int
    }

    /// How long a worker spins for the next loop, and a caller for the end of one. In nanoseconds.
    private static let workerSpin: UInt64 = 100_000
    private static let callerSpin: UInt64 = 30_000

    /// Whether each thread can have a core; else nobody spins.
    private let spins: Bool
    private let backsOff: Bool
    private var job: Job?
    /// Whether there is a caller. What follows up to `round` is the caller's.
    private let busy = Atomic(false)
    private var backoff = Backoff()
    private var runTime = RunTime()
    /// Even: idle; odd: a job is open. Counts up.
    private let round = Atomic(0)
    private let next = Atomic(0)
    /// Workers inside the current job.
    private let active = Atomic(0)
    /// Workers that sleep, or are about to.
    private let asleep = Atomic(0)
    /// For how long workers ran bodies of the current job, in nanoseconds.
    private let helped = Atomic<UInt64>(0)
    private let callerWaits = Atomic(false)
    private let stopped = Atomic(false)
    private let opening = Condition()
    private let ending = Condition()

    init(spins: Bool, backsOff: Bool) {
        self.spins = spins
        self.backsOff = backsOff
    }

    // MARK: The caller

    /// - Returns: false where another caller is at work: nothing was done then.
    func run(_ count: Int, _ body: @escaping (Int) -> Void) -> Bool {
        guard
            busy.compareExchange(expected: false, desired: true, ordering: .acquiring).exchanged
        else { return false }
        defer { busy.store(false, ordering: .releasing) }
        var first = 0
        var now = RunTime.now
        while backsOff, first < count, backoff.isAlone(at: now) {
            body(first)
            first += 1
            now = RunTime.now
        }
        if first < count - 1 {
            share(first..<count, now, body)
        } else if first < count {
            body(first)
        }
        return true
    }

    private func share(_ range: Range<Int>, _ start: UInt64, _ body: @escaping (Int) -> Void) {
        let forks = ForkCount.current
        job = Job(body: body, count: range.upperBound)
        next.store(range.lowerBound, ordering: .relaxed)
        helped.store(0, ordering: .relaxed)
        round.add(1, ordering: .sequentiallyConsistent)
        let sleepers = asleep.load(ordering: .sequentiallyConsistent)
        if sleepers > 0 { opening.wake(min(sleepers, range.count - 1)) }
        runTime.begin(at: start)
        drain(range.upperBound, body)
        // No worker may enter any more; those inside finish their last body.
        round.add(1, ordering: .sequentiallyConsistent)
        precondition(forks == ForkCount.current, "a body of a shared loop must not fork")
        let ran = runTime.end(at: RunTime.now)
        waitForWorkers()
        job = nil
        // Alone, the caller would have run for as long as all threads did.
        let end = RunTime.now
        let alone = ran + helped.load(ordering: .relaxed)
        backoff.add(Int64(clamping: alone) - Int64(clamping: end - start), at: end)
    }

    private func waitForWorkers() {
        let isIdle = { [self] in active.load(ordering: .sequentiallyConsistent) == 0 }
        if isIdle() || spin(Self.callerSpin, until: isIdle) { return }
        callerWaits.store(true, ordering: .sequentiallyConsistent)
        ending.sleep { !isIdle() }
        callerWaits.store(false, ordering: .sequentiallyConsistent)
    }

    // MARK: Workers

    func work() {
        var seen = 0
        var runTime = RunTime()
        while !stopped.load(ordering: .relaxed) {
            let current = waitForRound(after: seen)
            seen = current
            guard current & 1 == 1 else { continue }
            active.add(1, ordering: .sequentiallyConsistent)
            // Still open: then `run` waits for this worker before it takes the job away.
            if round.load(ordering: .sequentiallyConsistent) == current, let job {
                runTime.begin(at: RunTime.now)
                drain(job.count, job.body)
                helped.add(runTime.end(at: RunTime.now), ordering: .relaxed)
            }
            let left = active.subtract(1, ordering: .sequentiallyConsistent).newValue
            if left == 0, callerWaits.load(ordering: .sequentiallyConsistent) { ending.wake(1) }
        }
    }

    /// Spins, then sleeps, until the round differs from `seen`.
    private func waitForRound(after seen: Int) -> Int {
        let hasChanged = { [self] in
            round.load(ordering: .sequentiallyConsistent) != seen
                || stopped.load(ordering: .relaxed)
        }
        if !hasChanged(), !spin(Self.workerSpin, until: hasChanged) {
            asleep.add(1, ordering: .sequentiallyConsistent)
            opening.sleep { !hasChanged() }
            asleep.subtract(1, ordering: .sequentiallyConsistent)
        }
        return round.load(ordering: .sequentiallyConsistent)
    }

    func stop(workers: Int) {
        stopped.store(true, ordering: .relaxed)
        round.add(2, ordering: .sequentiallyConsistent)
        opening.wake(workers)
    }

    // MARK: Both

    private func drain(_ count: Int, _ body: (Int) -> Void) {
        while true {
            let index = next.add(1, ordering: .relaxed).oldValue
            guard index < count else { return }
            body(index)
        }
    }

    /// - Returns: whether the condition came true in time.
    private func spin(_ time: UInt64, until condition: () -> Bool) -> Bool {
        guard spins else { return false }
        let end = RunTime.now + time
        repeat {
            for _ in 0..<16 {
                if condition() { return true }
                bsk_pause()
            }
        } while RunTime.now < end
        return condition()
    }
}
