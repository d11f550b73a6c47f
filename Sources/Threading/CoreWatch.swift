#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// Measures how long a thread that has work did not run, since its core was given to others. Times are in nanoseconds.
struct CoreWatch {
    /// A thread that has not run for this long has lost its core: more than interrupts take, less than a scheduler's
    /// slice.
    static let limit: UInt64 = 500_000

    /// When the measurement began; 0: it has not.
    private(set) var start: UInt64 = 0
    private var ran: UInt64 = 0

    /// Begins anew. Only the thread itself may call this and `hasLostCore`.
    mutating func restart() {
        ran = Self.read(CLOCK_THREAD_CPUTIME_ID)
        start = Self.now
    }

    /// Whether the thread has not run for longer than the limit since the start. It must not have slept of its own
    /// will.
    var hasLostCore: Bool {
        let elapsed = Self.now - start
        return start != 0 && elapsed > Self.limit
            && elapsed > Self.limit + (Self.read(CLOCK_THREAD_CPUTIME_ID) - ran)
    }

    static var now: UInt64 { read(CLOCK_MONOTONIC) }

    private static func read(_ clock: clockid_t) -> UInt64 {
        var time = timespec()
        clock_gettime(clock, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }
}
