import Blindsight

/// `verify` with a plan of a linear model under Paillier: all samples in one request a stretch, then the references side by side.
struct LinearVerification {
    /// Groups of samples that are worked on at once: enough to fill all lanes.
    private static let groups = 16

    private let references: PlaintextReferences
    private let client: LinearClient
    private let server: LinearServer
    private let threads: Int

    init(plan: LinearPlan, model: ONNXModel, threads: Int) throws {
        references = try PlaintextReferences(plan.network, model)
        client = try LinearClient(plan: plan.client, threads: threads)
        server = try LinearServer(plan: plan, publicKey: client.publicKey, threads: threads)
        self.threads = threads
    }

    /// - Parameter count: so many samples from the start.
    func compare(
        _ samples: SampleSet, count: Int, progress: ProgressBar
    ) throws -> [Verification.Comparison] {
        var results: [Verification.Comparison] = []
        let stretch = Self.groups * client.plan.slotCount
        for start in stride(from: 0, to: count, by: stretch) {
            let size = min(stretch, count - start)
            let inputs = try Threads.map(size, threads: threads) {
                try references.quantize(samples.sample(at: start + $0))
            }
            let predictions = try client.decrypt(
                server.predict(client.encrypt(quantized: inputs)))
            results += try Threads.map(size, threads: threads) { index in
                try references.compare(
                    predictions[index], sample: samples.sample(at: start + index),
                    input: inputs[index])
            }
            progress.update(start + size, of: count)
        }
        return results
    }
}
