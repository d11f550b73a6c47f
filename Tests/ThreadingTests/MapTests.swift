// SPDX-License-Identifier: Apache-2.0

import Foundation
import Synchronization
import Testing
import Threading

@Suite struct MapTests {
    private struct Failure: Error, Equatable { let index: Int }

    @Test(arguments: [1, 2, 5]) func resultsAreInOrder(threads: Int) {
        let pool = WorkerPool(threads: threads, backsOff: false)
        for count in 0..<50 {
            let texts = pool.map(count) { "\($0 * $0)" }
            #expect(texts == (0..<count).map { "\($0 * $0)" })
        }
    }

    @Test func afterAnErrorNoMoreAreBegun() {
        let begun = Atomic(0)
        for threads in [1, 2] {
            begun.store(0, ordering: .relaxed)
            #expect(throws: Failure(index: 3)) {
                try WorkerPool(threads: threads, backsOff: false).map(10_000) { index in
                    begun.add(1, ordering: .relaxed)
                    if index == 3 { throw Failure(index: 3) }
                    usleep(100)
                    return index
                }
            }
            let count = begun.load(ordering: .relaxed)
            #expect(threads == 1 ? count == 4 : count < 1000, "\(count) of 10 000 begun")
        }
    }

    /// Body 1 throws while body 0 has begun and not thrown yet.
    @Test func theFirstErrorOfSeveral() {
        let pool = WorkerPool(threads: 2, backsOff: false)
        let hasBegun = Atomic(false)
        let hasThrown = Atomic(false)
        func wait(_ flag: borrowing Atomic<Bool>) {
            for _ in 0..<200 where !flag.load(ordering: .relaxed) { usleep(50) }
        }
        for _ in 0..<100 {
            hasBegun.store(false, ordering: .relaxed)
            hasThrown.store(false, ordering: .relaxed)
            #expect(throws: Failure(index: 0)) {
                try pool.map(2) { index in
                    if index == 0 {
                        hasBegun.store(true, ordering: .relaxed)
                        wait(hasThrown)
                        // Until the error of body 1 is kept.
                        usleep(100)
                    } else {
                        wait(hasBegun)
                        hasThrown.store(true, ordering: .relaxed)
                    }
                    throw Failure(index: index)
                }
            }
        }
    }

    /// Results are objects: all are released, those beside an error too.
    @Test func nothingLeaks() {
        final class Value: Sendable {
            static let alive = Atomic(0)
            init() { Self.alive.add(1, ordering: .relaxed) }
            deinit { Self.alive.subtract(1, ordering: .relaxed) }
        }
        let pool = WorkerPool(threads: 3, backsOff: false)
        for count in 1..<100 {
            #expect(pool.map(count) { _ in Value() }.count == count)
            #expect(throws: Failure.self) {
                try pool.map(count) { index in
                    if index == count / 2 { throw Failure(index: index) }
                    return Value()
                }
            }
        }
        #expect(Value.alive.load(ordering: .relaxed) == 0)
    }
}
