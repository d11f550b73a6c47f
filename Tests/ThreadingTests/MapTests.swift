import Foundation
import Synchronization
import Testing
import Threading

@Suite struct MapTests {
    private struct Failure: Error, Equatable { let index: Int }

    @Test(arguments: [1, 2, 5]) func resultsAreInOrder(threads: Int) {
        let pool = WorkerPool(threads: threads)
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
                try WorkerPool(threads: threads).map(10_000) { index in
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

    @Test func theFirstErrorOfSeveral() {
        for _ in 0..<200 {
            #expect(throws: Failure(index: 0)) {
                try WorkerPool(threads: 3).map(3) { index in
                    if index == 0 { usleep(50) }
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
        let pool = WorkerPool(threads: 3)
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
