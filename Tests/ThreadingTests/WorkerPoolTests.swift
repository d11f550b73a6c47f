// SPDX-License-Identifier: Apache-2.0

import Foundation
import Synchronization
import Testing
import Threading

@Suite struct WorkerPoolTests {
    /// How often each index was run.
    private final class Tally: Sendable {
        let counts: [Count]
        final class Count: Sendable { let value = Atomic(0) }

        init(_ count: Int) { counts = (0..<count).map { _ in Count() } }

        func add(_ index: Int) { counts[index].value.add(1, ordering: .relaxed) }
        var values: [Int] { counts.map { $0.value.load(ordering: .relaxed) } }
    }

    @Test(arguments: [1, 2, 3, 8]) func everyIndexOnce(threads: Int) {
        let pool = WorkerPool(threads: threads, backsOff: false)
        #expect(pool.threads == threads)
        let tally = Tally(40)
        for round in 0..<20_000 {
            let count = round % 41
            pool.run(count) { tally.add($0) }
        }
        let expected = (0..<40).map { index in (0..<20_000).count { $0 % 41 > index } }
        #expect(tally.values == expected)
    }

    /// Pauses around the time for which waiting threads spin before they sleep.
    @Test(arguments: [2, 4]) func everyIndexOnceAfterPauses(threads: Int) {
        let pool = WorkerPool(threads: threads, backsOff: false)
        let tally = Tally(8)
        for round in 0..<2000 {
            usleep(UInt32(round * 7 % 250))
            pool.run(8) { index in
                if index % 3 == round % 3 { usleep(UInt32(round % 60)) }
                tally.add(index)
            }
        }
        #expect(tally.values == Array(repeating: 2000, count: 8))
    }

    @Test func manyCallers() {
        let pool = WorkerPool(threads: 3, backsOff: false)
        let tally = Tally(10)
        DispatchQueue.concurrentPerform(iterations: 8) { _ in
            for _ in 0..<5000 { pool.run(10) { tally.add($0) } }
        }
        #expect(tally.values == Array(repeating: 40_000, count: 10))
    }

    /// Bodies of a nested loop stay on the thread of the body around them.
    @Test func nestedLoops() {
        let pool = WorkerPool(threads: 4, backsOff: false)
        let tally = Tally(5)
        let strangers = Atomic(0)
        for _ in 0..<1000 {
            pool.run(6) { _ in
                let me = pthread_self()
                pool.run(5) { index in
                    tally.add(index)
                    if pthread_equal(me, pthread_self()) == 0 {
                        strangers.add(1, ordering: .relaxed)
                    }
                }
            }
        }
        #expect(tally.values == Array(repeating: 6000, count: 5))
        #expect(strangers.load(ordering: .relaxed) == 0)
    }

    /// A body that meets another one at the same time: two threads run. Not always, since a loop may be run by its
    /// caller alone.
    @Test func workersAreWoken() {
        let pool = WorkerPool(threads: 2, backsOff: false)
        var shared = 0
        for _ in 0..<200 where shared < 5 {
            // Long enough for the worker to sleep.
            usleep(2000)
            let inside = Atomic(0)
            let met = Atomic(false)
            pool.run(2) { _ in
                inside.add(1, ordering: .relaxed)
                let end = ContinuousClock.now + .milliseconds(50)
                while ContinuousClock.now < end, !met.load(ordering: .relaxed) {
                    if inside.load(ordering: .relaxed) == 2 { met.store(true, ordering: .relaxed) }
                    sched_yield()
                }
                inside.subtract(1, ordering: .relaxed)
            }
            if met.load(ordering: .relaxed) { shared += 1 }
        }
        #expect(shared == 5)
    }

    /// A worker that did not run while its caller waited: the next loops are the caller's, and later ones are shared
    /// again.
    @Test func loopsAreTheCallersAfterALostCore() {
        let pool = WorkerPool(threads: 2)
        let caller = pthread_self()
        func strangers(_ body: () -> Void) -> Int {
            let count = Atomic(0)
            pool.run(2) { _ in
                if pthread_equal(caller, pthread_self()) == 0 {
                    count.add(1, ordering: .relaxed)
                    body()
                } else {
                    usleep(200)
                }
            }
            return count.load(ordering: .relaxed)
        }
        var wasAlone = false
        var isShared = false
        let end = ContinuousClock.now + .seconds(30)
        while ContinuousClock.now < end, !(wasAlone && isShared) {
            // Asleep is as good as without a core.
            guard strangers({ usleep(3000) }) > 0 else { continue }
            isShared = wasAlone
            // Some milliseconds, less than the shortest while alone.
            if (0..<5).allSatisfy({ _ in strangers {} == 0 }) { wasAlone = true }
        }
        #expect(wasAlone && isShared)
    }

    @Test func threadsEndWithTheirPool() throws {
        func count() throws -> Int {
            try FileManager.default.contentsOfDirectory(atPath: "/proc/self/task").count
        }
        guard FileManager.default.fileExists(atPath: "/proc/self/task") else { return }
        for _ in 0..<200 { WorkerPool(threads: 16).run(3) { _ in } }
        // 3000 threads were begun; other tests have some of their own.
        let end = ContinuousClock.now + .seconds(20)
        while try count() > 500, ContinuousClock.now < end { usleep(1000) }
        #expect(try count() <= 500)
    }

    /// One caller has all threads; callers that are more than one for every two threads have one each.
    @Test(arguments: [true, false]) func sharingByLoad(sharesByLoad: Bool) {
        let pool = WorkerPool(threads: 2, backsOff: false, sharesByLoad: sharesByLoad)
        /// Bodies that were run by another thread than the caller's, of enough for both.
        func strangers() -> Int {
            let count = Atomic(0)
            let caller = pthread_self()
            pool.run(50) { _ in
                usleep(200)
                if pthread_equal(pthread_self(), caller) == 0 {
                    count.add(1, ordering: .relaxed)
                }
            }
            return count.load(ordering: .relaxed)
        }
        #expect(pool.serve { strangers() } > 0)
        // A second caller is at work, but in no loop.
        let crowded = pool.serve { pool.serve { strangers() } }
        #expect(sharesByLoad ? crowded == 0 : crowded > 0)
        #expect(pool.serve { strangers() } > 0)
        // Where many found another at work, a caller is alone for now, and has all threads again after some that were.
        for _ in 0..<8 { pool.serve { pool.serve {} } }
        let between = pool.serve { strangers() }
        #expect(sharesByLoad ? between == 0 : between > 0)
        for _ in 0..<32 { pool.serve {} }
        #expect(pool.serve { strangers() } > 0)
    }
}
