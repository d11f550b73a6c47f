// SPDX-License-Identifier: Apache-2.0

/// Tells the time that is left of a stage whose lines end in the share that is done, such as "choosing bits, 40 %".
package struct StageClock {
    private var name = ""
    /// When the stage began, and with what share.
    private var start = (time: Duration.zero, percent: 0)
    private var last = 0

    /// Shorter stages are not worth an estimate.
    private static let patience = Duration.seconds(1)

    package init() {}

    /// The line, with the time left where it can be told.
    /// - Parameter now: since any fixed time, never falling.
    package mutating func line(_ message: String, now: Duration) -> String {
        guard let (stage, percent) = Self.parts(message) else {
            name = ""
            return message
        }
        // A stage may be run again.
        if name != stage || percent < last {
            name = stage
            start = (now, percent)
        }
        last = percent
        let (elapsed, done) = (now - start.time, percent - start.percent)
        guard elapsed >= Self.patience, done > 0 else { return message }
        return "\(message), \(Format.duration(elapsed / done * (100 - percent))) left"
    }

    /// Of "stage, 12 %".
    private static func parts(_ message: String) -> (stage: String, percent: Int)? {
        guard message.hasSuffix(" %"), let comma = message.lastIndex(of: ",") else { return nil }
        let number = message[message.index(after: comma)...].dropFirst().dropLast(2)
        guard message[comma...].hasPrefix(", "), (1...3).contains(number.count),
            number.allSatisfy({ ("0"..."9").contains($0) }), let percent = Int(number),
            percent <= 100
        else { return nil }
        return (String(message[..<comma]), percent)
    }
}
