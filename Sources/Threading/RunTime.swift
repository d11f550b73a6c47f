#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// How long a thread ran between two moments, without the time in which its core was given to others. Only the thread
/// itself may use it. Times are in nanoseconds.
///
/// To ask the system for a thread's own time takes a call. Moments that lie close together are told apart without it:
/// what a thread may lose in between is little.
struct RunTime {
    private static let close: UInt64 = 50_000

    private var begun: UInt64 = 0
    /// When the system was asked last, and what it said.
    private var asked: UInt64 = 0
    private var answer: UInt64 = 0

    mutating func begin(at now: UInt64) {
        begun = now
        if now > asked + Self.close { ask(now) }
    }

    /// - Returns: how long the thread ran since it began.
    mutating func end(at now: UInt64) -> UInt64 {
        let elapsed = now - begun
        guard elapsed > Self.close else { return elapsed }
        let (before, beginning) = (answer, begun - asked)
        ask(now)
        let ran = answer - before
        return ran > beginning ? min(elapsed, ran - beginning) : 0
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
