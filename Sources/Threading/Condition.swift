// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// A lock with a place to sleep. The system's own types must not move in memory.
final class Condition: @unchecked Sendable {
    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let condition = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)

    init() {
        mutex.initialize(to: pthread_mutex_t())
        condition.initialize(to: pthread_cond_t())
        let results = (pthread_mutex_init(mutex, nil), pthread_cond_init(condition, nil))
        precondition(results == (0, 0), "the system has no room for a lock")
    }

    deinit {
        pthread_cond_destroy(condition)
        pthread_mutex_destroy(mutex)
        condition.deallocate()
        mutex.deallocate()
    }

    /// Sleeps while `isWaiting` says so; it is asked with the lock held.
    func sleep(while isWaiting: () -> Bool) {
        pthread_mutex_lock(mutex)
        while isWaiting() { pthread_cond_wait(condition, mutex) }
        pthread_mutex_unlock(mutex)
    }

    /// Wakes up to `count` sleepers, after what they wait for was made true.
    func wake(_ count: Int) {
        // With the lock held: a thread between its question and its sleep must not be missed.
        pthread_mutex_lock(mutex)
        for _ in 0..<count { pthread_cond_signal(condition) }
        pthread_mutex_unlock(mutex)
    }
}
