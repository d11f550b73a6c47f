// SPDX-License-Identifier: Apache-2.0

import BFV
import BigIntegers
import IntegerNetworks
import Synchronization
import Threading
import Wire

extension MethodName {
    /// BFV, thousands of samples a group: a ciphertext for each feature, a slot for each sample. No rotations.
    package static let features = MethodName(rawValue: "features")
}

/// The method "features", of a client's plan.
package struct Features: BFVClientMethod {
    package static let name = MethodName.features

    package let settings: BFVSettings
    package let inputCount: Int
    package let outputCount: Int

    package init(settings: BFVSettings, inputCount: Int, outputCount: Int) {
        self.settings = settings
        self.inputCount = inputCount
        self.outputCount = outputCount
    }

    package var groupCapacity: Int { settings.parameters.slots.slotCount }

    package var requestCount: Int { settings.parameters.plaintextModuli.count * inputCount }
    package var ciphertextsHaveSeeds: Bool { false }
    package var repliesPerModulus: Int { outputCount }

    package func report(_ plan: ClientPlan) -> [ReportEntry] {
        let samples = groupCapacity
        return settings.report(plan) + [
            ReportEntry(
                "request_bytes_per_sample", "upload a sample, full groups",
                .bytes(plan.cost.requestBytes / samples), in: .cost),
            ReportEntry(
                "reply_bytes_per_sample", "download a sample, full groups",
                .bytes(plan.cost.replyBytes / samples), in: .cost),
        ]
    }

    package func encrypt(
        _ samples: ArraySlice<[Int]>, _ encryptor: Encryptor, on pool: WorkerPool,
        progress: @Sendable (Int, Int) throws -> Void
    ) throws -> SeededCiphertexts {
        let done = Atomic(0)
        @Sendable func tell() throws {
            try progress(done.add(1, ordering: .relaxed).newValue, requestCount)
        }
        return try encryptor.encryptMany(count: requestCount, pool: pool, progress: tell) { index in
            let (plaintextIndex, feature) = index.quotientAndRemainder(dividingBy: inputCount)
            let t = settings.parameters.plaintextModuli[plaintextIndex]
            var slots = [UInt64](repeating: 0, count: groupCapacity)
            for (slot, sample) in samples.enumerated() {
                slots[slot] = ModularArithmetic.reduce(Int64(sample[feature]), modulo: t)
            }
            // Idle slots hold samples again: the output of anything else would tell more of the model.
            for slot in samples.count..<groupCapacity { slots[slot] = slots[slot - samples.count] }
            return (plaintextIndex, slots)
        }
    }

    package func outputs(
        _ slots: [[UInt64]], _ decoder: OutputDecoder, samples: Int, noiseMarginBits: Double
    ) -> GroupOutputs {
        decoder.outputs(samples: samples, noiseMarginBits: noiseMarginBits) {
            slots[$0 * outputCount + $1][$2]
        }
    }
}
