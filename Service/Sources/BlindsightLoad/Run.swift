// SPDX-License-Identifier: Apache-2.0

import Foundation
import Synchronization

/// What threads share: each has a connection, takes the next moment, waits for it, and asks.
final class Run: Sendable {
    private struct State {
        var next = 0
        var latencies: [Double] = []
        var statuses: [Int: Int] = [:]
        var late = 0
        var lost = 0
        var replies: [[UInt8]] = []
    }

    private static let lateness = 0.002

    private let message: [UInt8]
    private let port: Int
    private let moments: [Double]
    private let keepsReplies: Bool
    private let start: Double
    private let state = Mutex(State())

    init(message: [UInt8], port: Int, schedule: Schedule, keepsReplies: Bool) {
        self.message = message
        self.port = port
        moments = schedule.moments
        self.keepsReplies = keepsReplies
        // Time for connections to be made.
        start = Self.now + 0.5
    }

    private static var now: Double {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
    }

    func work() {
        var connection: Connection? = Connection(port: port)
        while let moment = takeMoment() {
            let due = start + moment
            let wait = due - Self.now
            if wait > 0 { usleep(UInt32(wait * 1e6)) }
            let isLate = Self.now > due + Self.lateness
            connection = connection ?? Connection(port: port)
            let answer = connection?.ask(message)
            if answer == nil || !answer!.staysOpen { connection = nil }
            let latency = Self.now - due
            state.withLock { state in
                if isLate { state.late += 1 }
                guard let answer else {
                    state.lost += 1
                    return
                }
                state.statuses[answer.status, default: 0] += 1
                guard answer.status == 200 else { return }
                state.latencies.append(latency)
                if keepsReplies { state.replies.append(answer.reply) }
            }
        }
    }

    private func takeMoment() -> Double? {
        state.withLock { state in
            guard state.next < moments.count else { return nil }
            defer { state.next += 1 }
            return moments[state.next]
        }
    }

    func writeReplies(to path: String) throws {
        var data = Data()
        for reply in state.withLock({ $0.replies }) {
            for byte in 0..<8 { data.append(UInt8(truncatingIfNeeded: reply.count >> (8 * byte))) }
            data.append(contentsOf: reply)
        }
        try data.write(to: URL(fileURLWithPath: path))
    }

    /// One line of JSON; times in milliseconds, of answers of status 200.
    var summary: String {
        state.withLock { state in
            let sorted = state.latencies.sorted()
            func quantile(_ part: Double) -> String {
                guard !sorted.isEmpty else { return "null" }
                let place = min(sorted.count - 1, Int(part * Double(sorted.count)))
                return String(format: "%.3f", 1e3 * sorted[place])
            }
            let statuses = state.statuses.sorted { $0.key < $1.key }.map { "\"\($0)\": \($1)" }
            return """
                {"due": \(moments.count), "statuses": {\(statuses.joined(separator: ", "))}, "late": \(state.late), \
                "lost": \(state.lost), "median_ms": \(quantile(0.5)), "p90_ms": \(quantile(0.9)), \
                "p99_ms": \(quantile(0.99)), "most_ms": \(quantile(1))}
                """
        }
    }
}
