// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// How long a thread ran between two moments, without the time in which its core was given to others. A thread begins
/// and ends, then the same or another one may. Times are in nanoseconds.
///
/// To ask the system for a thread's own time takes a call. Moments that lie close together are told apart without it:
/// what a thread may lose in between is little.
struct RunTime {
    private static let close: UInt64 = 50_000

    private var begun: UInt64 = 0
    private var thread: pthread_t?
    /// When the system was asked last about this thread, and what it said.
    private var asked: UInt64 = 0
    private var answer: UInt64 = 0

    mutating func begin(at now: UInt64) {
        begun = now
        let thread = pthread_self()
        let isKnown = self.thread.map { pthread_equal($0, thread) != 0 } ?? false
        self.thread = thread
        if !isKnown || now > asked + Self.close { ask(now) }
    }

    /// - Returns: how long the thread ran since it began.
    mutating func end(at now: UInt64) -> UInt64 {
        let elapsed = now - begun
        guard elapsed > Self.close else { return elapsed }
        let (before, idle) = (answer, begun - asked)
        ask(now)
        // A new thread that has the name of an old one has run for less than it.
        guard answer >= before else { return 0 }
        let ran = answer - before
        return ran > idle ? min(elapsed, ran - idle) : 0
    }

    private mutating func ask(_ now: UInt64) {
        answer = Self.read(CLOCK_THREAD_CPUTIME_ID)
        asked = now
    }

    static var now: UInt64 { read(CLOCK_MONOTONIC) }

    private static func read(_ clock: clockid_t) -> UInt64 {
        var time = timespec()
        clock_gettime(clock, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }
}
