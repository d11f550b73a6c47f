// SPDX-License-Identifier: Apache-2.0

/// A median, and how many timings it is of.
struct Timing {
    /// Seconds a call.
    let median: Double
    let samples: Int
}

/// Times calls on this thread.
struct Stopwatch {
    /// Time spent on one operation, about.
    let budget: Duration
    private let clock = ContinuousClock()
    private let batchLength = 200e-6

    init(budget: Duration) { self.budget = budget }

    /// The median over batches of some 200 microseconds each, from 11 to 5001 of them, after a warm-up.
    func measure(_ body: () throws -> Void) rethrows -> Timing {
        try body()
        let once = try seconds(of: 1, body)
        let calls = max(1, Int(batchLength / max(once, 1e-9)))
        _ = try seconds(of: calls, body)
        var samples: [Double] = []
        let start = clock.now
        while samples.count < 11 || (clock.now - start < budget && samples.count < 5001) {
            samples.append(try seconds(of: calls, body) / Double(calls))
        }
        return Timing(median: median(samples), samples: samples.count)
    }

    private func seconds(of calls: Int, _ body: () throws -> Void) rethrows -> Double {
        let elapsed = try clock.measure { for _ in 0..<calls { try body() } }
        return elapsed / .seconds(1)
    }

    private func median(_ values: [Double]) -> Double {
        let sorted = values.sorted()
        let middle = sorted.count / 2
        return sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
    }
}
