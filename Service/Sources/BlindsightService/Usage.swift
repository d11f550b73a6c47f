// SPDX-License-Identifier: Apache-2.0

import Blindsight
import Foundation
import Synchronization

/// Samples that each tenant was answered, by model: what rebuilds a model is many answers, so their number is a budget.
///
/// The count in the file is never below what was answered: samples are taken ahead in blocks, and a crash loses what was
/// left of a block.
final class Usage: Sendable {
    private struct Count: Codable {
        var taken = 0
        var used = 0
    }

    private struct Rate {
        var tokens: Double
        var time: ContinuousClock.Instant
    }

    private struct State {
        var counts: [String: Count]
        var rates: [String: Rate] = [:]
    }

    private static let block = 1024

    private let path: String
    private let state: Mutex<State>

    init(path: String) throws {
        self.path = path
        var counts: [String: Count] = [:]
        if let data = FileManager.default.contents(atPath: path) {
            let known = try JSONDecoder().decode([String: Int].self, from: data)
            counts = known.mapValues { Count(taken: $0, used: $0) }
        }
        state = Mutex(State(counts: counts))
    }

    /// Counts samples before they are answered.
    /// - Throws: `ServiceError.budget` where the tenant has none left, or asks too fast.
    func take(_ samples: Int, of model: String, for tenant: Tenant) throws {
        guard tenant.samples != nil || tenant.samplesPerSecond != nil else { return }
        try state.withLock { state in
            if let rate = tenant.samplesPerSecond {
                // A bucket of ten seconds.
                let now = ContinuousClock.now
                let most = max(10 * rate, Double(samples))
                var bucket = state.rates[tenant.name] ?? Rate(tokens: most, time: now)
                bucket.tokens = min(most, bucket.tokens + rate * (now - bucket.time).seconds)
                bucket.time = now
                guard bucket.tokens >= Double(samples) else {
                    state.rates[tenant.name] = bucket
                    let wait = (Double(samples) - bucket.tokens) / rate
                    throw ServiceError(
                        .budget, "more than \(rate) samples a second",
                        retryAfter: Int(wait.rounded(.up)))
                }
                bucket.tokens -= Double(samples)
                state.rates[tenant.name] = bucket
            }
            guard let most = tenant.samples else { return }
            let key = tenant.name + "/" + model
            var count = state.counts[key] ?? Count()
            guard count.used + samples <= most else {
                throw ServiceError(
                    .budget,
                    "\(count.used) of \(most) samples of '\(model)' are used: its owner sets the budget"
                )
            }
            if count.used + samples > count.taken {
                count.taken = min(most, count.used + max(samples, Self.block))
                state.counts[key] = count
                try write(state.counts.mapValues(\.taken))
            }
            count.used += samples
            state.counts[key] = count
        }
    }

    /// What is left of blocks is given back.
    func close() throws {
        try state.withLock { state in
            guard !state.counts.isEmpty else { return }
            try write(state.counts.mapValues(\.used))
        }
    }

    private func write(_ counts: [String: Int]) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .prettyPrinted]
        try StagedFile.write(encoder.encode(counts), to: path)
    }
}

extension Duration {
    var seconds: Double { Double(components.seconds) + Double(components.attoseconds) * 1e-18 }
}
