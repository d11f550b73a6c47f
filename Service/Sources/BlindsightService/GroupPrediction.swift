// SPDX-License-Identifier: Apache-2.0

import Blindsight

/// A request on its way through the queue, group by group.
struct GroupPrediction: Sendable {
    let service: InferenceService
    let server: Server
    let model: ServedModel
    let tenant: Tenant
    let request: Request

    private var labels: [(String, String)] { [("model", model.name)] }

    /// The reply to a group, when a worker is free. The first group takes all samples of the budget, and may find the
    /// queue full.
    /// - Throws: `CancellationError` where the task is cancelled, whether it waits or computes.
    func group(_ index: Int) async throws -> [UInt8] {
        let queued = ContinuousClock.now
        let seconds = service.configuration.deadlineSeconds
        let bytes = try await within(seconds: seconds, "the prediction") {
            try await service.admission.run(goesOn: index > 0) {
                // Here, so that what is refused for want of room costs no budget.
                if index == 0 {
                    try service.usage.take(
                        request.groups.count * model.plan.samplesPerGroup, of: model.name,
                        for: tenant)
                }
                let running = ContinuousClock.now
                observe("queue", running - queued)
                let bytes = try await offload(on: service.computing) { demand in
                    let reply = try server.predict(request.groups[index]) { _, _ in
                        try demand.check()
                    }
                    let collector = ByteCollector()
                    try reply.write(to: collector)
                    return collector.bytes
                }
                observe("predict", ContinuousClock.now - running)
                return bytes
            }
        }
        service.metrics.count(
            "blindsight_bytes_total", labels + [("direction", "out")], by: Double(bytes.count))
        return bytes
    }

    private func observe(_ stage: String, _ time: Duration) {
        service.metrics.observe(
            "blindsight_stage_seconds", labels + [("stage", stage)], seconds: time.seconds)
    }
}
