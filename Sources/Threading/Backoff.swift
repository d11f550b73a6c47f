/// When loops are run by their caller alone: for a while after a thread lost its core, since the others waited for it.
/// Times are in nanoseconds.
package struct Backoff {
    package static let shortest: UInt64 = 10_000_000
    package static let longest: UInt64 = 1_000_000_000

    private var end: UInt64 = 0
    private var length: UInt64 = 0

    package init() {}

    package func isAlone(at now: UInt64) -> Bool { now < end }

    /// A thread lost its core. The while doubles, unless all went well for long.
    package mutating func lostCore(at now: UInt64) {
        let wentWell = now > end + 4 * length
        length = wentWell ? Self.shortest : min(2 * length, Self.longest)
        end = now + length
    }
}
