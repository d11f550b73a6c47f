// SPDX-License-Identifier: Apache-2.0

/// When loops are run by their caller alone: for a while after sharing them cost time, since threads that had lost
/// their cores were waited for. Times are in nanoseconds.
package struct Backoff {
    package static let shortest: UInt64 = 10_000_000
    package static let longest: UInt64 = 1_000_000_000
    /// The largest saving that is remembered: what was saved long ago says little.
    package static let credit: Int64 = 10_000_000
    /// The largest cost that is borne: to wake a thread costs something, whether it then helps or not.
    package static let patience: Int64 = 1_000_000

    private var end: UInt64 = 0
    private var length: UInt64 = 0
    private var balance: Int64 = 0

    package init() {}

    package func isAlone(at now: UInt64) -> Bool { now < end }

    /// A shared loop saved time, or cost it where `time` is below zero. Once too much was lost, callers are alone for
    /// twice as long as before.
    package mutating func add(_ time: Int64, at now: UInt64) {
        balance = min(balance + min(time, Self.credit), Self.credit)
        if balance == Self.credit { length = 0 }
        guard balance < -Self.patience else { return }
        balance = 0
        length = max(Self.shortest, min(2 * length, Self.longest))
        end = now + length
    }
}
