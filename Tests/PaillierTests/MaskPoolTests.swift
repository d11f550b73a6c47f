// SPDX-License-Identifier: Apache-2.0

import BigIntegers
import Foundation
import Paillier
import Synchronization
import TestSupport
import Testing
import Threading

@Suite struct MaskPoolTests {
    private static func evaluator() throws -> PaillierEvaluator {
        PaillierEvaluator(publicKey: try KeyVectors.of(bits: 512).secretKey().publicKey)
    }

    private static func taken(_ count: Int, from evaluator: PaillierEvaluator) -> [BigInt] {
        let masks = evaluator.masks.take(count, pool: WorkerPool(threads: 1))
        let ring = evaluator.publicKey.ring
        return (0..<count).map { ring.held(masks[$0]) }
    }

    /// Threads that all run at once.
    private static func inThreads(_ count: Int, _ body: @escaping @Sendable (Int) -> Void) {
        let waiting = Flag()
        let group = DispatchGroup()
        for thread in 0..<count {
            group.enter()
            Thread {
                waiting.count.add(1, ordering: .relaxed)
                while waiting.count.load(ordering: .relaxed) < count { usleep(10) }
                body(thread)
                group.leave()
            }.start()
        }
        group.wait()
    }

    private final class Collected: Sendable { let masks = Mutex<[BigInt]>([]) }

    private final class Flag: Sendable { let count = Atomic(0) }

    /// Eight threads take in portions while two fill: as many as were asked for, all different, those that were ready
    /// counted to the last.
    @Test(arguments: Path.here) func eachMaskIsUsedOnce(path: Path) throws {
        try path.run { () throws in
            let evaluator = try Self.evaluator()
            evaluator.fillMasks(to: 200)
            #expect(evaluator.masks.ready == 200)
            let all = Collected()
            Self.inThreads(8) { thread in
                for round in 0..<6 {
                    let some = Self.taken(1 + (thread + round) % 7, from: evaluator)
                    all.masks.withLock { $0 += some }
                    if thread < 2 && round == 3 { evaluator.fillMasks(to: 40) }
                }
            }
            let masks = all.masks.withLock { $0 }
            let asked = (0..<8).flatMap { t in (0..<6).map { 1 + (t + $0) % 7 } }.reduce(0, +)
            #expect(masks.count == asked && Set(masks).count == asked)
            // A mask that was made is ready, or somebody has it.
            let rest = Self.taken(evaluator.masks.ready, from: evaluator)
            #expect(Set(masks).isDisjoint(with: rest) && evaluator.masks.ready == 0)
        }
    }

    /// Without a filling thread the counts are exact.
    @Test func countsAreExact() throws {
        let evaluator = try Self.evaluator()
        evaluator.fillMasks(to: 150)
        evaluator.fillMasks(to: 100)
        #expect(evaluator.masks.ready == 150)
        Self.inThreads(8) { _ in
            for _ in 0..<10 { _ = Self.taken(3, from: evaluator) }
        }
        #expect(evaluator.masks.ready == 0 && evaluator.masks.missed == 240 - 150)
        // Threads that fill together make no more than one would.
        Self.inThreads(4) { _ in evaluator.fillMasks(to: 130) }
        #expect(evaluator.masks.ready == 130)
        #expect(evaluator.masks.take(1, pool: WorkerPool(threads: 1)).isWiped)
    }

    /// A child has none of its parent's masks, and fills a pool of its own.
    @Test func aChildStartsEmpty() throws {
        let evaluator = try Self.evaluator()
        evaluator.fillMasks(to: 20)
        let bytes = 20 * 8
        let shared = mmap(
            nil, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0)!
        defer { munmap(shared, bytes) }
        let words = shared.bindMemory(to: UInt64.self, capacity: 20)
        let isRight = try Fork.inChild(attempts: 3) {
            guard evaluator.masks.ready == 0 else { return false }
            evaluator.fillMasks(to: 7)
            guard evaluator.masks.ready == 7 else { return false }
            let masks = Self.taken(20, from: evaluator)
            for i in 0..<20 { words[i] = masks[i].residue(modulo: 1 << 63) }
            return evaluator.masks.ready == 0 && evaluator.masks.missed == 13
        }
        #expect(isRight)
        #expect(evaluator.masks.ready == 20 && evaluator.masks.missed == 0)
        let own = Self.taken(20, from: evaluator).map { $0.residue(modulo: 1 << 63) }
        #expect(Set(own).isDisjoint(with: (0..<20).map { words[$0] }))
        #expect(Set(own).count == 20 && words[0] != 0)
    }

    /// Two replies to one request share no coordinate, and their quotient is as any mask's.
    @Test(arguments: Path.here) func repliesShareNothing(path: Path) throws {
        try path.run {
            let key = try KeyVectors.of(bits: 512).secretKey()
            let n = key.publicKey.modulus
            let evaluator = PaillierEvaluator(publicKey: key.publicKey, functionPrivacyBits: 40)
            let request = try PaillierOwnerEncryptor(secretKey: key).encrypt([5, -6, 7])
            let matrix = PaillierMatrix(
                rows: [[3, 1, -2], [3, 1, -2], [0, 0, 0]] as [[Int64]], publicKey: key.publicKey)
            evaluator.fillMasks(to: 100)
            let replies = try (0..<60).flatMap { _ in
                try evaluator.multiply(matrix, [request])[0].integers
            }
            let coordinates = replies.flatMap { [$0.modulo(n), $0 / n] }
            #expect(Set(coordinates).count == 2 * 180)
            // The first two rows are one: of their quotients half have symbol -1.
            let minus = stride(from: 0, to: 180, by: 3).count {
                JacobiTests.symbol(replies[$0] * replies[$0 + 1], n) == -1
            }
            #expect((10...50).contains(minus), "\(minus) of 60")
        }
    }
}
