// SPDX-License-Identifier: Apache-2.0

import Blindsight
import Foundation
import Logging
import NIOPosix

/// What the service does, whatever protocol asks for it: keys in, requests in, replies out, by tenant.
///
/// It holds evaluation keys alone. Nothing in what it answers or logs depends on a decryption, which it can't make.
public final class InferenceService: Sendable {
    public let configuration: Configuration
    public let models: Models
    let tenants: Tenants
    let files: KeyFiles
    let cache: KeyCache
    let admission: Admission
    /// A thread for each prediction that runs.
    let computing: NIOThreadPool
    let memory: MemoryBudget
    let usage: Usage
    public let metrics = ServiceMetrics()
    let logger: Logger
    /// That models were read anew.
    let reloads: AsyncStream<Void>
    private let reloaded: AsyncStream<Void>.Continuation

    /// Reads models and tenants.
    public init(_ configuration: Configuration, logger: Logger) throws {
        try configuration.check()
        self.configuration = configuration
        self.logger = logger
        (reloads, reloaded) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
        models = try Models(folder: configuration.models)
        tenants = try configuration.tenants.map(Tenants.load) ?? .open
        files = try KeyFiles(folder: configuration.keys)
        cache = KeyCache(limit: configuration.keyMemory)
        let cores = ProcessInfo.processInfo.activeProcessorCount
        let workers = configuration.workers > 0 ? configuration.workers : cores
        admission = Admission(workers: workers, room: configuration.queue)
        memory = MemoryBudget(configuration.bodyMemory)
        usage = try Usage(path: configuration.keys + "/usage.json")
        // Last, so that no thread is left where something fails.
        computing = .begun(threads: workers)
    }

    /// Lines of what is served, for people.
    public var summary: [String] {
        models.list.map { model in
            "\(model.name) \(model.version): \(model.plan.methodName), \(model.plan.certificate.securityBits) bits, "
                + "request \(model.plan.cost.requestBytes) B, keys \(model.plan.cost.evaluationKeyBytes) B"
        }
    }

    deinit { computing.shutdownGracefully { _ in } }

    // MARK: Keys

    /// - Throws: `ServiceError` for anything but 64 digits.
    func checkDigest(_ digest: String) throws(ServiceError) {
        guard bytes(hexadecimal: digest)?.count == 32 else {
            throw ServiceError(
                .badRequest, "keys are named by the SHA-256 of their bytes, 64 digits in lower case"
            )
        }
    }

    /// The upload is complete: keys that fit the model are kept.
    func finishKeys(_ digest: String, of model: ServedModel, for tenant: Tenant) async throws {
        let files = files
        try await offload {
            try files.finish(digest, tenant) { bytes in
                _ = try model.prepared.server(for: EvaluationKeySet(serialized: bytes), threads: 1)
            }
            HeapLimits.trim()
        }
        log("keys kept", tenant, ["key": "\(digest)", "model": "\(model.name)"])
    }

    func deleteKeys(_ digest: String, for tenant: Tenant) async throws {
        let files = files
        await cache.remove(tenant: tenant.name, digest: digest)
        guard try await offload({ try files.delete(digest, tenant) }) else {
            throw ServiceError.noKey(digest)
        }
        // Whatever was decoded meanwhile.
        await cache.remove(tenant: tenant.name, digest: digest)
        log("keys deleted", tenant, ["key": "\(digest)"])
    }

    private func server(
        _ digest: String, of model: ServedModel, for tenant: Tenant
    ) async throws -> Server {
        let files = files
        guard files.has(digest, tenant) else { throw ServiceError.noKey(digest) }
        let key = KeyCache.Key(tenant: tenant.name, digest: digest, plan: model.digest)
        return try await cache.server(key, bytes: 2 * model.plan.cost.evaluationKeyBytes) {
            do {
                return try model.prepared.server(
                    for: EvaluationKeySet(serialized: files.read(digest, tenant)))
            } catch { throw ServiceError.of(client: error) }
        }
    }

    // MARK: Predictions

    /// The reply to a request, both as files have them.
    func predict(
        _ bytes: [UInt8], of model: ServedModel, key digest: String, for tenant: Tenant
    ) async throws -> PredictedReply {
        let labels = [("model", model.name)]
        let start = ContinuousClock.now
        do {
            try self.checkDigest(digest)
            let server = try await self.server(digest, of: model, for: tenant)
            let limit = self.configuration.groups
            // All of it, so that what is wrong with a request is said before any of its reply is sent.
            let request: Request = try await offload {
                do {
                    let reader = try RequestReader(MemorySource(bytes), server: server)
                    guard reader.groupCount <= limit else {
                        throw ServiceError(
                            .tooLarge,
                            "\(reader.groupCount) groups of samples; at most \(limit) at once: send several"
                        )
                    }
                    return try reader.request()
                } catch { throw ServiceError.of(client: error) }
            }
            let prediction = GroupPrediction(
                service: self, server: server, model: model, tenant: tenant, request: request)
            let reply = try await PredictedReply(
                request, requestBytes: bytes.count,
                make: { try await prediction.group($0) },
                ended: { error in self.count(error, labels, since: start) })
            self.metrics.count(
                "blindsight_bytes_total", labels + [("direction", "in")], by: Double(bytes.count))
            return reply
        } catch {
            count(error, labels, since: start)
            throw error
        }
    }

    /// What became of a prediction.
    private func count(
        _ error: (any Error)?, _ labels: [(String, String)], since start: ContinuousClock.Instant
    ) {
        guard let error else {
            metrics.count("blindsight_predictions_total", labels)
            metrics.observe(
                "blindsight_request_seconds", labels,
                seconds: (ContinuousClock.now - start).seconds)
            return
        }
        let reason =
            switch error {
            case let error as ServiceError: "\(error.kind)"
            case is CancellationError: "gone"
            default: "error"
            }
        metrics.count("blindsight_refusals_total", labels + [("reason", reason)])
    }

    // MARK: Operation

    /// Reads the models anew; keeps those that it has where that fails.
    public func reload() async {
        do {
            try await offload { [models] in try models.reload() }
            await cache.remove(except: Set(models.list.map(\.digest)))
            reloaded.yield()
            logger.info("models read anew", metadata: ["models": "\(models.list.count)"])
        } catch {
            logger.error("models are kept as they were", metadata: ["error": "\(error)"])
        }
    }

    func deleteUnusedKeys() async {
        let (files, days) = (files, configuration.keyDays)
        let count = (try? await offload { files.deleteUnused(days: days) }) ?? 0
        if count > 0 { logger.info("unused keys deleted", metadata: ["files": "\(count)"]) }
    }

    public func close() throws { try usage.close() }

    func gauges() async -> [(name: String, value: Double)] {
        [
            ("blindsight_queue_depth", Double(await admission.depth)),
            ("blindsight_cached_keys", Double(await cache.count)),
            ("blindsight_cached_key_bytes", Double(await cache.bytes)),
            ("blindsight_key_cache_hits", Double(await cache.hits)),
            ("blindsight_key_cache_misses", Double(await cache.misses)),
            ("blindsight_models", Double(models.list.count)),
        ]
    }

    func log(_ text: Logger.Message, _ tenant: Tenant, _ more: Logger.Metadata) {
        logger.info(text, metadata: more.merging(["tenant": "\(tenant.name)"]) { $1 })
    }
}
