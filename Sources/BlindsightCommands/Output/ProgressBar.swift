// SPDX-License-Identifier: Apache-2.0

import Files
import Synchronization

/// A bar with the time left, on standard error, where that is a terminal and the work is long. From any thread.
package final class ProgressBar: Sendable {
    private struct State {
        var lastDrawn: ContinuousClock.Instant
        var isVisible = false
        var clock = StageClock()
    }

    private let title: String
    private let start = ContinuousClock.now
    private let state: Mutex<State>

    /// Nothing is shown of work shorter than this.
    private static let patience = Duration.milliseconds(300)
    private static let interval = Duration.milliseconds(80)
    private static let width = 30

    package init(_ title: String) {
        self.title = title
        state = Mutex(State(lastDrawn: start))
    }

    /// - Parameter total: above zero.
    func update(_ done: Int, of total: Int) {
        guard Terminal.errorIsTerminal else { return }
        draw {
            let elapsed = ContinuousClock.now - self.start
            let filled = min(Self.width, Self.width * done / max(total, 1))
            let bar =
                String(repeating: "█", count: filled)
                + String(repeating: "·", count: Self.width - filled)
            let left = done == 0 ? "" : Format.duration(elapsed / done * (total - done)) + " left"
            return "\(bar) \(done)/\(total)  \(left)"
        }
    }

    /// A line on what is being done, with the time left where it ends in the share that is done.
    func show(_ message: String) {
        guard Terminal.errorIsTerminal else { return }
        let now = ContinuousClock.now - start
        let line = state.withLock { $0.clock.line(message.printable(limit: 200), now: now) }
        draw(always: true) { line }
    }

    /// Takes the bar away.
    func finish() {
        state.withLock {
            if $0.isVisible { Terminal.writeError("\r\u{1B}[K") }
            $0.isVisible = false
        }
    }

    private func draw(always: Bool = false, _ line: () -> String) {
        let now = ContinuousClock.now
        state.withLock {
            guard always || (now - start > Self.patience && now - $0.lastDrawn > Self.interval)
            else { return }
            $0.lastDrawn = now
            $0.isVisible = true
            Terminal.writeError("\r\u{1B}[K\(title)  \(line())")
        }
    }
}
