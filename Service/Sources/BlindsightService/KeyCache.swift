// SPDX-License-Identifier: Apache-2.0

import Blindsight

/// Decoded keys, the ones used last: a `Server` for each client of each version of a model.
actor KeyCache {
    struct Key: Hashable {
        let tenant: String
        let digest: String
        /// Of server.plan.
        let plan: String
    }

    private struct Entry {
        let task: Task<Server, any Error>
        let bytes: Int
        var use: Int
    }

    private let limit: Int
    private var entries: [Key: Entry] = [:]
    private var uses = 0
    private(set) var hits = 0
    private(set) var misses = 0

    init(limit: Int) { self.limit = limit }

    var bytes: Int { entries.values.reduce(0) { $0 + $1.bytes } }
    var count: Int { entries.count }

    /// - Parameters:
    ///   - bytes: that a decoded set takes.
    ///   - make: decodes it; once, whoever asks meanwhile.
    func server(
        _ key: Key, bytes: Int, make: @escaping @Sendable () throws -> Server
    ) async throws -> Server {
        uses += 1
        if let entry = entries[key] {
            hits += 1
            entries[key]!.use = uses
            return try await entry.task.value
        }
        misses += 1
        evict(toFit: bytes)
        let task = Task { try await offload(make) }
        entries[key] = Entry(task: task, bytes: bytes, use: uses)
        do { return try await task.value } catch {
            entries[key] = nil
            throw error
        }
    }

    func remove(tenant: String, digest: String) {
        for key in entries.keys where key.tenant == tenant && key.digest == digest {
            entries[key] = nil
        }
    }

    /// Of versions that are served no more.
    func remove(except plans: Set<String>) {
        for key in entries.keys where !plans.contains(key.plan) { entries[key] = nil }
    }

    private func evict(toFit bytes: Int) {
        while !entries.isEmpty, self.bytes + bytes > limit {
            entries[entries.min { $0.value.use < $1.value.use }!.key] = nil
        }
    }
}
