import Blindsight
import Synchronization

/// `verify` with a plan of the batch layout: groups by the encrypted engine, one after another, then their samples by the references side by
/// side.
struct BatchVerification {
    private let references: PlaintextReferences
    private let client: BatchClient
    private let server: BatchServer
    private let threads: Int

    init(plan: Plan, model: ONNXModel, threads: Int) throws {
        references = try PlaintextReferences(plan.network, model)
        client = try BatchClient(plan: plan.client, threads: threads)
        server = try BatchServer(
            plan: plan, evaluationKeys: client.makeEvaluationKeys(), threads: threads)
        self.threads = threads
    }

    /// - Parameter count: so many samples from the start.
    func compare(
        _ samples: SampleSet, count: Int, progress: ProgressBar
    ) throws -> [Verification.Comparison] {
        var results: [Verification.Comparison] = []
        results.reserveCapacity(count)
        for start in stride(from: 0, to: count, by: client.capacity) {
            let size = min(client.capacity, count - start)
            // Encryption with prediction, and the references, about a half each.
            @Sendable func show(_ halves: Double) {
                progress.update(start + Int(Double(size) * halves / 2), of: count)
            }
            let inputs = try Threads.map(size, threads: threads) {
                try references.quantize(samples.sample(at: start + $0))
            }
            let reply = try server.predict(client.encrypt(quantized: inputs)) {
                show(Double($0) / Double($1))
            }
            let predictions = try client.decrypt(reply)
            let done = Atomic(0)
            results += try Threads.map(size, threads: threads) { index in
                let result = try references.compare(
                    predictions[index], sample: samples.sample(at: start + index),
                    input: inputs[index])
                show(1 + Double(done.add(1, ordering: .relaxed).newValue) / Double(size))
                return result
            }
        }
        return results
    }
}
