// SPDX-License-Identifier: Apache-2.0

import Testing
import Threading

@Suite struct BackoffTests {
    private static let millisecond: UInt64 = 1_000_000
    private static let tooMuch = -Backoff.patience - 1

    @Test func doublesWhileSharingCosts() {
        var backoff = Backoff()
        var now: UInt64 = 1_000_000 * Self.millisecond
        #expect(!backoff.isAlone(at: now))
        for length in [10, 20, 40, 80, 160, 320, 640, 1000, 1000] as [UInt64] {
            // Some is saved, but more is lost.
            backoff.add(4_000_000, at: now)
            backoff.add(-5_000_000, at: now + 1)
            backoff.add(1_000_000 + Self.tooMuch + 1, at: now + 2)
            #expect(!backoff.isAlone(at: now + 2))
            backoff.add(-1, at: now)
            #expect(backoff.isAlone(at: now + length * Self.millisecond - 1))
            now += length * Self.millisecond
            #expect(!backoff.isAlone(at: now))
        }
    }

    @Test func savingsCoverLossesUpToTheCredit() {
        var backoff = Backoff()
        for _ in 0..<3 {
            for _ in 0..<2 { backoff.add(Int64.max, at: 1) }
            backoff.add(-Backoff.credit - Backoff.patience, at: 1)
            #expect(!backoff.isAlone(at: 1))
        }
        backoff.add(-1, at: 1)
        #expect(backoff.isAlone(at: 1))
    }

    @Test func beginsAnewAfterAGoodTime() {
        for saved in [Backoff.credit - 1, Backoff.credit] {
            var backoff = Backoff()
            backoff.add(Self.tooMuch, at: 0)
            backoff.add(Self.tooMuch, at: 0)
            backoff.add(saved, at: 0)
            backoff.add(-saved + Self.tooMuch, at: 0)
            let length = saved == Backoff.credit ? Backoff.shortest : 4 * Backoff.shortest
            #expect(backoff.isAlone(at: length - 1) && !backoff.isAlone(at: length))
        }
    }
}
