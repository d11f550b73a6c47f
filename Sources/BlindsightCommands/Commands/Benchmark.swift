// SPDX-License-Identifier: Apache-2.0

import BigIntegers
import Blindsight
import InferenceClient
import IntegerNetworks
import Ring
import Threading

/// What `bench` measures.
package struct Benchmark {
    private let plan: ClientPlan
    private let threads: Int
    private let samples: Int
    private let prediction: Duration
    private let encryption: Duration
    private let decryption: Duration
    private let keyGeneration: Duration
    private let serverSetup: Duration
    private let requestBytes: Int
    private let replyBytes: Int
    private let evaluationKeyBytes: Int
    private let operations: OperationTally
    /// Buffers for residues that the last prediction took, and those of them that had to be allocated.
    private let buffers: (taken: Int, allocated: Int)

    /// What a sample's outputs must be: as machine words where they fit, since there may be millions.
    private enum Outputs {
        case words([Int64])
        case integers([BigInt])

        init(_ logits: [BigInt]) {
            let words = logits.compactMap { Int64(exactly: $0) }
            self = words.count == logits.count ? .words(words) : .integers(logits)
        }

        func equal(_ found: Predictions, sample: Int) -> Bool {
            switch self {
            case .words(let words):
                found.words(of: sample).map { $0 == words }
                    ?? (found.logits(of: sample) == words.map { BigInt($0) })
            case .integers(let integers): found.logits(of: sample) == integers
            }
        }
    }

    /// - Parameter expected: what replies must decrypt to; nil: what the integer network says. Tests give another.
    package init(
        plan: Plan, repetitions: Int, threads: Int?, samples: Int?, progress: ProgressBar,
        expected: [[BigInt]]? = nil
    ) throws {
        let threads = threads ?? WorkerPool.cores
        let clock = ContinuousClock()
        var client: Client!
        var keys: EvaluationKeySet!
        keyGeneration = try clock.measure {
            client = try Client(plan.client, threads: threads)
            keys = try client.evaluationKeys { progress.update($0, of: $1) }
        }
        let model = try PreparedModel(plan, threads: threads)
        var server: Server!
        // As a server gets them.
        let keyBytes = try keys.serialized()
        serverSetup = try clock.measure {
            server = try model.server(
                for: EvaluationKeySet(serialized: keyBytes), threads: threads)
        }
        let count = min(samples ?? plan.client.samplesPerGroup, plan.client.samplesPerGroup)
        let inputs = (0..<count).map { plan.network.example(from: $0) }
        let reference = IntegerReference(plan.network)
        let outputs =
            try expected.map { $0.map(Outputs.init) }
            ?? WorkerPool().map(count) { Outputs(try reference.logits(inputs[$0])) }
        var encryptions: [Duration] = []
        var predictions: [Duration] = []
        var decryptions: [Duration] = []
        var operations = OperationTally([])
        var buffers = LimbBuffer.counts
        var request: Request!
        var reply: Reply!
        for repetition in 0...repetitions {
            encryptions.append(
                try clock.measure { request = try client.encrypt(quantized: inputs) })
            let before = LimbBuffer.counts
            predictions.append(try clock.measure { reply = try server.predict(request) })
            let after = LimbBuffer.counts
            buffers = (after.taken - before.taken, after.allocated - before.allocated)
            var decrypted: Predictions!
            decryptions.append(
                try clock.measure { decrypted = try client.decrypt(reply, of: request) })
            guard
                outputs.count == decrypted.count,
                outputs.indices.allSatisfy({ outputs[$0].equal(decrypted, sample: $0) })
            else { throw CommandError.unequalResult }
            if repetition == 0 { operations = server.operations }
            progress.update(repetition + 1, of: repetitions + 1)
        }
        self.plan = plan.client
        self.threads = threads
        self.samples = count
        self.operations = operations
        self.buffers = buffers
        prediction = Self.median(predictions.dropFirst())
        encryption = Self.median(encryptions.dropFirst())
        decryption = Self.median(decryptions.dropFirst())
        requestBytes = try request.serialized().count
        replyBytes = try reply.serialized().count
        evaluationKeyBytes = keyBytes.count
    }

    /// - Parameter values: at least one.
    static func median(_ values: some Collection<Duration>) -> Duration {
        let sorted = values.sorted()
        let middle = sorted.count / 2
        return sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
    }

    private func rate(_ time: Duration) -> Int { GroupText.rate(samples, time) }

    var report: CommandReport {
        var entries = ReportEntries([])
        func seconds(_ time: Duration) -> ReportEntry.Value { .seconds(time.milliseconds / 1000) }
        entries.add("method", "method", .text(plan.methodName.rawValue))
        entries.add(
            "samples", "samples", .count(samples),
            text: GroupText(samples: samples, capacity: plan.samplesPerGroup).text)
        entries.add("samples_per_group", nil, .count(plan.samplesPerGroup))
        entries.add("threads", "threads", .count(threads))
        entries.add("latency_ms", "server (median)", seconds(prediction))
        entries.add("throughput_per_second", "samples a second, server", .count(rate(prediction)))
        entries.add("encrypt_ms", "encrypt (median)", seconds(encryption))
        entries.add("encrypt_per_second", "samples a second, encrypt", .count(rate(encryption)))
        entries.add("decrypt_ms", "decrypt (median)", seconds(decryption))
        entries.add("decrypt_per_second", "samples a second, decrypt", .count(rate(decryption)))
        entries.add("keygen_ms", "make keys", seconds(keyGeneration))
        entries.add(
            "client_setup_ms", "a further client, from its keys' bytes", seconds(serverSetup))
        entries.add("request_bytes", "request", .bytes(requestBytes))
        entries.add("reply_bytes", "reply", .bytes(replyBytes))
        entries.add("evaluation_key_bytes", "evaluation keys", .bytes(evaluationKeyBytes))
        entries.add("peak_rss_bytes", "peak memory", .bytes(ProcessMemory.peakBytes))
        entries.add("buffers_taken", "buffers taken", .count(buffers.taken))
        entries.add("buffers_allocated", "buffers allocated", .count(buffers.allocated))
        return CommandReport(
            members: entries.members + [("operations", operations.json)],
            text: (entries + ReportEntries(operations)).table(.right).text)
    }
}
