// SPDX-License-Identifier: Apache-2.0

import Foundation
import Synchronization
import TestSupport
import Testing
import Threading

@Suite struct ForkTests {
    private static func sum(_ pool: WorkerPool) -> Int {
        let sum = Atomic(0)
        for _ in 0..<100 { pool.run(100) { sum.add($0, ordering: .relaxed) } }
        return sum.load(ordering: .relaxed)
    }

    @Test func theChildRunsAlone() throws {
        let pool = WorkerPool(threads: 4, backsOff: false)
        #expect(Self.sum(pool) == 495_000)
        let isRight = try Fork.inChild {
            guard !pool.hasWorkers else { return false }
            let parent = pthread_self()
            let strangers = Atomic(0)
            pool.run(100) { _ in
                if pthread_equal(parent, pthread_self()) == 0 {
                    strangers.add(1, ordering: .relaxed)
                }
            }
            return strangers.load(ordering: .relaxed) == 0 && Self.sum(pool) == 495_000
        }
        #expect(isRight && pool.hasWorkers)
        #expect(Self.sum(pool) == 495_000)
    }

    /// The pool is in the middle of another thread's loop, its locks in any state.
    @Test func aForkAmidALoop() throws {
        let pool = WorkerPool(threads: 3, backsOff: false)
        let isOver = Flag()
        let looping = Thread {
            while !isOver.value.load(ordering: .relaxed) {
                pool.run(7) { _ in usleep(20) }
            }
        }
        looping.start()
        for _ in 0..<50 {
            #expect(try Fork.inChild { Self.sum(pool) == 495_000 })
            usleep(300)
        }
        isOver.value.store(true, ordering: .relaxed)
    }

    /// A child waits for no lock of its parent's, and has a state of its own.
    @Test func stateOfAProcess() throws {
        let state = ForkLocal { 7 }
        state.withLock { $0 += 1 }
        let isHeld = Flag()
        let isOver = Flag()
        let holding = Thread {
            state.withLock { _ in
                isHeld.value.store(true, ordering: .relaxed)
                while !isOver.value.load(ordering: .relaxed) { usleep(20) }
            }
        }
        holding.start()
        while !isHeld.value.load(ordering: .relaxed) { usleep(20) }
        let isRight = try Fork.inChild {
            state.withLock { $0 *= 2 }
            return state.withLock { $0 } == 14
        }
        isOver.value.store(true, ordering: .relaxed)
        #expect(isRight)
        #expect(state.withLock { $0 } == 8)
    }

    private final class Flag: Sendable { let value = Atomic(false) }

    @Test func theChildEndsAPoolAndMakesOne() throws {
        for _ in 0..<20 {
            var pool: WorkerPool? = WorkerPool(threads: 3, backsOff: false)
            pool?.run(10) { _ in }
            let isRight = try Fork.inChild {
                pool = nil
                return Self.sum(WorkerPool(threads: 3, backsOff: false)) == 495_000
            }
            #expect(isRight)
        }
    }
}
