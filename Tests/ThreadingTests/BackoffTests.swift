import Testing
import Threading

@Suite struct BackoffTests {
    private static let millisecond: UInt64 = 1_000_000

    @Test func doublesWhileCoresAreLost() {
        var backoff = Backoff()
        var now: UInt64 = 1_000_000 * Self.millisecond
        #expect(!backoff.isAlone(at: now))
        for length in [10, 20, 40, 80, 160, 320, 640, 1000, 1000] as [UInt64] {
            backoff.lostCore(at: now)
            #expect(backoff.isAlone(at: now + length * Self.millisecond - 1))
            now += length * Self.millisecond
            #expect(!backoff.isAlone(at: now))
            // It goes wrong again at once.
            now += Self.millisecond
        }
    }

    @Test func beginsAnewAfterALongGoodTime() {
        var backoff = Backoff()
        backoff.lostCore(at: 1000 * Self.millisecond)
        backoff.lostCore(at: 1011 * Self.millisecond)
        // Alone until 1031; good for 81, more than four times 20.
        backoff.lostCore(at: 1112 * Self.millisecond)
        #expect(backoff.isAlone(at: 1121 * Self.millisecond))
        #expect(!backoff.isAlone(at: 1122 * Self.millisecond))
    }
}
